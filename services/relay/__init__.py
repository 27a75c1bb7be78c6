"""The role `relay`: events out of the outbox onto their topics, signals out of the spool onto the log; and housekeeping.

Imported by: bootstrap.
Open first: `role.py`.
"""
