"""A backup of the store: one folder with the store's copy and a manifest that says what has to be in it.

Imported by: cli.
Open first: `manifest.py`, then `sqlite.py` and `postgres.py`, which have the same two effects.
"""
