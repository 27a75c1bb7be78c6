"""Who sent it: signatures and secrets, what a secret has to be, handshakes, and ids that the sender signs.

Imported by: app, bootstrap, cli and reread.
Open first: `verify.py`.
"""
