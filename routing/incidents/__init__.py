"""What people are told of: events folded into incidents, who hears of each, and which messages that makes.

Imported by: the services.
Open first: `folding.py`, then `grouping.py`.
"""
