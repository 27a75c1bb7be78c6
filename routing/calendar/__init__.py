"""Business time: open hours, zones, holidays, and due instants that are exact to the microsecond.

Imported by: agreement, people, sla, assignment and handover; it imports the model's errors only.
Open first: `business_time.py`.
"""
