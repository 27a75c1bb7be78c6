"""Signing in to the page: who somebody is, proven by a sign-in provider (OpenID Connect) or by a link that `stafett up` prints,
and the session that follows. `guard.py` stands before every route of the page.

Imported by: app and bootstrap.
Open first: `guard.py`, then `sessions.py`.
"""
