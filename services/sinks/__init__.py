"""The sinks: what a hand-over, a silence or a track is in somebody else's system, written there in steps that survive any crash.

Imported by: bootstrap, planning, platforms, reconciling and vendors.
Open first: `role.py`, then `carrying.py` for CRMs and `memberships.py` for platforms; each of these is a file of `vendors/` or `platforms/`.
"""
