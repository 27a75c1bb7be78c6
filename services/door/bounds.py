"""How much of everything one port takes from strangers."""

from __future__ import annotations

from typing import NamedTuple


class Bounds(NamedTuple):
    """Bytes, counts and seconds. `line` is one header or the request line; `head` all of them. `per_address` counts what one
    IPv4 address, or one IPv6 /64, has open; `small` is what a body may have before it counts among the `bodies` in flight."""

    head: int = 64 * 1024
    line: int = 16 * 1024
    headers: int = 100
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    connections: int = 1000
    per_address: int = 250
    bodies: int = 128 * 1024 * 1024
    small: int = 64 * 1024
