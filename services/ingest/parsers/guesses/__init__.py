"""What a person would guess of a body nobody described: who the lead is, what was done, when, and who did it.

Imported by: configured, finishing, normalising, platforms and shapes.
Open first: `tree.py`.
"""
