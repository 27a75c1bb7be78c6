"""Calling out: guarded, so that no configured name leads to an address that is not public.

Imported by: adapters, alerts, bootstrap, cli, console, delivery, ingest and sinks.
Open first: `client.py`, then `posting.py` for what is sent by the thousand.
"""
