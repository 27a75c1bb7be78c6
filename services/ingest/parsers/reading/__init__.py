"""Reading safely: bodies, characters, addresses, numbers, names of fields, ids.

Imported by: app, bootstrap, by_get, configured, consent, contacts, fetching, finishing, guesses, normalising, parsers,
platforms, proof, shapes and tracing.
Open first: `safely.py`.
"""
