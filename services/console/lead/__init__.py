"""The screen of one lead: its story, its owner and why, its promises, what comes next, what can be done about it.

Imported by: screens.
Open first: `screen.py`, then `view.py`.
"""
