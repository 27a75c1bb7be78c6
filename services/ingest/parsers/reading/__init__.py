"""Reading safely: bodies, characters, addresses, numbers, names of fields, ids.

Imported by: app, bootstrap, configured, consent, contacts, fetching, finishing, guesses, normalising, platforms, proof, registry, shapes and tracing.
Open first: `safely.py`.
"""
