"""From facts to a signal: keyed digests, derived ids, bounded lengths, and requests that name nobody.

Imported by: ingest and cli.
Open first: `normalise.py`.
"""
