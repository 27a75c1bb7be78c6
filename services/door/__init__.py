"""The front door: what any stranger can do to a port before a request is looked at, and its bounds.

Open `protocol.py` first (one connection), then `connections.py` (all of them), `acceptor.py` (new ones) and `bodies.py`.
Roles and the composition root may import it; it knows problems and addresses only.
"""
