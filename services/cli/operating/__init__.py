"""Commands for whoever runs it: database, set-aside signals, queues, subscriptions, topics, events.

Imported by: main.
Open first: `db.py`.
"""
