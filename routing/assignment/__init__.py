"""Who gets a lead: whose it is already, the rules in order, turns in a pool, and the queue where nobody can take it.

Imported by: decide, escalation, explain, handover, judging, stages, upkeep and the services.
Open first: `assignment.py`, then `ownership.py`.
"""
