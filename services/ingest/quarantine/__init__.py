"""What was not understood: kept once, without secrets, for somebody to look at.

Imported by: app and reread.
Open first: `aside.py`.
"""
