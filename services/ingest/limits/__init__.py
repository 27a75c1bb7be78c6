"""How much one sender may send, what stops a sender whose signals fail, and what is worked off beside the loop.

Imported by: app, bootstrap and reread.
Open first: `gate.py`.
"""
