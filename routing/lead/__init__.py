"""What a lead takes in from a signal before anything is decided: who it is, what was done, what was consented, its dossier.

Imported by: sla, nurturing, assignment, handover, stages, upkeep and judging.
Open first: `absorb.py`.
"""
