"""The pure core: functions of (signal, state, agreement, roster, now) that return data. No I/O.

Imported by: agreement, assignment, escalation, handover, lead, nurturing, people, sla, stages, upkeep and the services.
Open first: `decide.py`, the way in; then `lifecycle.py`, the table.
"""
