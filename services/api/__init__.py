"""The role `console`: the reading API.

Imported by: bootstrap, cli and console.
Open first: `app.py`.
"""
