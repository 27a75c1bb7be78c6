"""What is in force: the agreement and the roster that rule now, what is published for when, who approved it.

Imported by: router, sla, api and bootstrap.
Open first: `ruling.py`.
"""
