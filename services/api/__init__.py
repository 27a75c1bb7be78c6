"""The role `console`: the reading API.

Imported by: bootstrap and cli.
Open first: `app.py`.
"""
