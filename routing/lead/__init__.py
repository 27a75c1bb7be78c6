"""What a lead takes in from a signal before anything is decided: who it is, what was done, what was consented, its dossier.

Imported by: assignment, decide, handover, judging, nurturing, sla, stages, upkeep and the services.
Open first: `absorb.py`.
"""
