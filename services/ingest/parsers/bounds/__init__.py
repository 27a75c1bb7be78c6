"""How much work a body is, in which pieces it is done, and what ends its reading: a bound, a sender's fault or one of ours.

Imported by: app, by_get, configured, fetching, finishing, guesses, limits, platforms, proof, reading, registry, shapes and tracing.
Open first: `pieces.py`.
"""
