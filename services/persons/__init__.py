"""A person's rights: finding all that is theirs, giving it to them, erasing it; their consents as evidence.

Imported by: api, bootstrap and cli.
Open first: `exporting.py`, then `erasing.py`.
"""
