"""A person's rights: finding all that is theirs, and giving it to them.

Imported by: api, bootstrap and cli.
Open first: `exporting.py`.
"""
