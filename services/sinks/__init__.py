"""The sinks: what a hand-over is in somebody else's system, written there in steps that survive any crash.

Imported by: bootstrap, planning, reconciling and vendors.
Open first: `role.py`, then `carrying.py`; a vendor is a file of `vendors/`.
"""
