"""Reading safely: bodies, characters, addresses, numbers, names of fields, ids.

Imported by: app, bootstrap, by_get, configured, consent, contacts, fetching, finishing, guesses, limits, normalising, platforms, proof, registry, shapes and tracing.
Open first: `safely.py`.
"""
