"""One file for each CRM: what it calls our records, how it finds and makes them, and what its answers mean.

Imported by: bootstrap, checking and platforms.
Open first: `registry.py`, then `odoo.py`.
"""
