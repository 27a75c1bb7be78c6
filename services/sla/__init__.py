"""Watches: they read what falls due in the store and ask the router about it; they write nothing themselves.

Imported by: bootstrap and cli.
Open first: `watcher.py`.
"""
