"""Reading safely: bodies, characters, addresses, numbers, names of fields, ids.

Imported by: every parser.
Open first: `safely.py`.
"""
