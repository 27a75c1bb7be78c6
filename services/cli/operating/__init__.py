"""Commands for whoever runs it: database, set-aside signals, queues, subscriptions, topics, events.

Imported by: `services.cli.main`.
Open first: `db.py`.
"""
