"""What marketing does meanwhile: tracks, suppressed mail, and the dialogue that a salesperson has before the hand-over.

Imported by: assignment, decide, judging, stages and upkeep.
Open first: `nurturing.py`.
"""
