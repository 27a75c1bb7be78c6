"""The screen Agreement: what rules in readable sentences, what is published for when, what a version says otherwise, and approving it.

Imported by: screens.
Open first: `screen.py`, then `sections.py`.
"""
