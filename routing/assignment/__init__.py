"""Who gets a lead: whose it is already, the rules in order, turns in a pool, and the queue where nobody can take it.

Imported by: handover, escalation, stages, upkeep, judging and explain.
Open first: `assignment.py`, then `ownership.py`.
"""
