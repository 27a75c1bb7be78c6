"""Who sent it: signatures and secrets, what a secret has to be, handshakes, and ids that the sender signs.

Imported by: ingest and bootstrap.
Open first: `verify.py`.
"""
