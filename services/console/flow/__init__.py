"""The screen Flow: what came in and went on today, or on another day, beside what is usual on that weekday.

Imported by: bootstrap and screens.
Open first: `screen.py`, then `figures.py`.
"""
