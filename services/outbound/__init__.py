"""Calling out: guarded, so that no configured name leads to an address that is not public.

Imported by: delivery and ingest.
Open first: `client.py`.
"""
