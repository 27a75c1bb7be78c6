"""The hand-over from marketing to sales: offered to one person at a time, accepted, rejected, expired or overruled by hand.

Imported by: escalation, judging, stages and upkeep.
Open first: `handover.py`.
"""
