"""Sockets of ours that find out when the other side is gone without a word: packets are dropped, nothing is closed."""

from __future__ import annotations

import socket

import httpx

IDLE_SECONDS, PROBE_SECONDS, PROBES = 5, 2, 3
"""A connection that says nothing is asked after so many seconds, then every so many, and is over after so many without an answer."""
UNANSWERED_SECONDS = 10
"""What was sent and is not acknowledged for so long ends its connection, which retransmission alone takes a quarter of an hour for."""


def keepalive_options() -> list[tuple[int, int, int]]:
    """(level, option, value) for `setsockopt`, as far as this system knows them."""
    by_name = {
        "TCP_KEEPIDLE": IDLE_SECONDS,
        "TCP_KEEPINTVL": PROBE_SECONDS,
        "TCP_KEEPCNT": PROBES,
        "TCP_USER_TIMEOUT": UNANSWERED_SECONDS * 1000,
    }
    known = [
        (socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in by_name.items() if hasattr(socket, name)
    ]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *known]


def transport(limits: httpx.Limits | None = None) -> httpx.AsyncHTTPTransport:
    """For a client that keeps connections: one that is dead is noticed before the next request goes out on it, or by it."""
    return httpx.AsyncHTTPTransport(
        trust_env=False,
        socket_options=keepalive_options(),
        limits=limits or httpx.Limits(max_connections=100, max_keepalive_connections=20),
    )
