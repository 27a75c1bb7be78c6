"""The store on SQLite and PostgreSQL: plain SQL, one statement per table and batch.

Imported by: backups, bootstrap, cli and log.
Open first: `tables.py`, then `store.py`.
"""
