"""One file for each marketing platform: how it finds a contact, what our audiences are there, and what its answers mean.

Imported by: bootstrap.
Open first: `registry.py`, then `mautic.py`.
"""
