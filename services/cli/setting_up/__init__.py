"""Commands for whoever sets it up: a new folder, keys, sources tried, contacts imported, schemas.

Imported by: demo and main.
Open first: `new.py`.
"""
