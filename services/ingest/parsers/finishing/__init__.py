"""What is done to the facts of every kind after its own parser.

Imported by: by_get, cli, configured, contacts, fetching, platforms, registry and shapes.
Open first: `finishing.py`.
"""
