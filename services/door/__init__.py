"""The front door: what any stranger can do to a port before a request is looked at, and its bounds.

It knows problems and addresses only.

Imported by: api, bootstrap, cli, console, delivery and ingest.
Open first: `protocol.py` (one connection), then `connections.py` (all of them), `acceptor.py` (new ones) and
`bodies.py`.
"""
