"""The page for people, at `/`: what is behind it is the role `console`, as the reading API is.

Imported by: agreement, board, bootstrap, flow, forum, lead, people, plumbing and signing_in.
Open first: `signed_in.py` (who looks, and what they may see), then `app.py`.
"""
