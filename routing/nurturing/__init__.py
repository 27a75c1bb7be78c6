"""What marketing does meanwhile: tracks, suppressed mail, and the dialogue that a salesperson has before the hand-over.

Imported by: assignment, stages, upkeep and judging.
Open first: `nurturing.py`.
"""
