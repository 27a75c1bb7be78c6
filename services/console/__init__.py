"""The page for people, at `/`: what is behind it is the role `console`, as the reading API is.

Imported by: bootstrap and cli.
Open first: `signed_in.py` (who looks, and what they may see), then `app.py`.
"""
