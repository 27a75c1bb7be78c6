"""The role `delivery`: events as signed webhooks, in each lead's order, tried again until they are taken.

Imported by: bootstrap and cli.
Open first: `role.py`, then `schedule.py` and `breaker.py`.
"""
