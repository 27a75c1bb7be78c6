"""What decisions are made on, as structs: a lead, its hand-over, its clocks, its company; ids, identities and bounds of them.

Imported by: agreement, assignment, calendar, decide, draft, escalation, explain, forum, handover, incidents, judging,
lead, nurturing, people, sla, stages, upkeep and the services.
Open first: `records.py` (the structs), `identity.py` (which lead a signal is about).
"""
