"""From facts to a signal: keyed digests, derived ids, bounded lengths, and requests that name nobody.

Imported by: app, bootstrap, cli and enrich.
Open first: `normalise.py`.
"""
