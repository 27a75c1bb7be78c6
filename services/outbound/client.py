"""Calling out: only to addresses that were looked at first, so that no configured name leads to what is not public."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx


class AddressRefused(Exception):
    """The name leads to an address that is not public."""


LONGEST_PAUSE = timedelta(days=1)
"""Whoever asks for a longer pause is asked again after it."""
_NO_GUESTS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments, Oracle's instance metadata among them
        "168.63.129.16/32",  # Azure's host, which answers every machine there
        "100.100.100.200/32",  # Alibaba's instance metadata
        "64:ff9b:1::/48",  # NAT64 within one network
        "::/96",  # IPv4-compatible: `::127.0.0.1`
        "fec0::/10",  # site-local
        "2001::/32",  # Teredo
    )
)
"""Addresses that count as public, and lead to what is not."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Any IPv4 address, by a translator of ours; in a network of IPv6 alone every receiver without it has such a one."""


def is_public(address: str) -> bool:
    """Global unicast only; an IPv4 address that is dressed as IPv6 is looked at as what it is."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast and not any(found in network for network in _NO_GUESTS)


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The pause that an answer asks for by `Retry-After`, in seconds or as a date, a day at most; None where it asks for none or
    cannot be read."""
    said = (header or "").strip()
    if said.isascii() and said.replace(".", "", 1).isdigit():
        return timedelta(seconds=min(float(said), LONGEST_PAUSE.total_seconds()))
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    pause = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - now
    return min(max(pause, timedelta(0)), LONGEST_PAUSE)


async def address_of(host: str, port: int, *, allow_private: bool) -> str:
    """An address of the host to connect to. Raises AddressRefused, or OSError where the name is unknown."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private and not all(is_public(address) for address in addresses):
        raise AddressRefused(host)
    return addresses[0]


async def build_pinned_request(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None = None,
    *,
    allow_private: bool,
) -> httpx.Request:
    """A request to the very address that was looked at, so that a name that changes its answer cannot lead elsewhere.

    Raises AddressRefused, OSError.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = await address_of(host, port, allow_private=allow_private)
    shown = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{shown}:{port}").geturl()
    said = {"host": parts.netloc.rpartition("@")[2], **headers}
    return client.build_request(method, target, content=content, headers=said, extensions={"sni_hostname": host})
