"""The screen Plumbing: what waits, what was set aside and why, who is silent, who is sent nothing; and the commands that end it.

Imported by: bootstrap.
Open first: `screen.py`, then `view.py`.
"""
