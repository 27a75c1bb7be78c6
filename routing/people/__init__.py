"""The roster made ready: who is who, who is away, who may do what, who can take no more, and why somebody is passed over.

Imported by: agreement, assignment, decide, draft, escalation, explain, handover, incidents, lead, sla, stages,
upkeep and the services.
Open first: `roster.py`.
"""
