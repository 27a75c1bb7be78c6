"""The hand-over from marketing to sales: offered to one person at a time, accepted, rejected, expired or overruled by hand.

Imported by: escalation, judging, stages, upkeep and the services.
Open first: `handover.py`.
"""
