"""The roster made ready: who is who, who is away, who may do what, who can take no more, and why somebody is passed over.

Imported by: agreement, assignment, handover, sla, upkeep and the services that take commands.
Open first: `roster.py`.
"""
