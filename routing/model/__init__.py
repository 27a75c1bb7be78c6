"""What decisions are made on, as structs: a lead, its hand-over, its clocks, its company; ids, identities and bounds of them.

Imported by: every room of the core; it imports none of them.
Open first: `records.py` (the structs), `identity.py` (which lead a signal is about).
"""
