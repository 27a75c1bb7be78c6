"""Commands for whoever sets it up: a new folder, keys, sources tried, contacts imported, schemas.

Imported by: `services.cli.main`.
Open first: `new.py`.
"""
