"""The agreement made ready: its expressions compiled, its references checked, its soundness judged, its definitions asked.

Imported by: assignment, draft, explain, forum, handover, lead, nurturing, sla, stages, upkeep and the services.
Open first: `agreement.py`, then `definitions.py`.
"""
