"""The screen Now: who waits, what is due first on top.

Imported by: screens.
Open first: `screen.py`.
"""
