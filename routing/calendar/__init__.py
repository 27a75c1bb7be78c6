"""Business time: open hours, zones, holidays, and due instants that are exact to the microsecond.

Imported by: agreement, assignment, explain, forum, handover, people, sla and the services.
Open first: `business_time.py`.
"""
