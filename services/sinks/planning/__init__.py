"""From an event to what a CRM should hold because of it; no I/O.

Imported by: bootstrap, carrying, kept, memberships and vendors.
Open first: `plan.py`, then `facts.py` and `note.py`.
"""
