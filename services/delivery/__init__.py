"""The role `delivery`: events as signed webhooks, in each lead's order, tried again until they are taken.

Imported by: bootstrap and cli.
Open first: `role.py`, then `rounds.py`, `schedule.py` and `breaker.py`.
"""
