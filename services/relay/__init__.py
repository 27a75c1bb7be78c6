"""The role `relay`: events out of the outbox onto their topics, signals out of the spool onto the log; and housekeeping.

Imported by: bootstrap and cli.
Open first: `role.py`.
"""
