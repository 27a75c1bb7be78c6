"""Commands for whoever runs it: database, set-aside signals, queues, subscriptions, sinks, topics, events.

Imported by: main.
Open first: `db.py`.
"""
