"""What sales does in a CRM, read back: changes every few minutes, every open hand-over each day.

Imported by: bootstrap, checking and vendors.
Open first: `role.py`, then `facts.py`; `sightings.py` is what a vendor's file gives.
"""
