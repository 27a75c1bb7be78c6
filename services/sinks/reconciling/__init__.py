"""What sales does in a CRM, read back: changes every few minutes, every open hand-over each day, webhooks each hour.

Imported by: bootstrap, checking and vendors.
Open first: `role.py`, then `facts.py`; `sightings.py` and `webhooks.py` say what a vendor's file gives.
"""
