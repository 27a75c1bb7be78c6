"""What trusted proxies say of a request: who sent it, and by which URL. Anybody else's word for it is not taken."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})")
_PORT = re.compile(r"\d{1,5}")


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether the connection's own address is one of the proxies'."""
    if not trusted:
        return False
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in trusted)


def network_of(address: str) -> str:
    """Which client an address is counted for: IPv4 by the address, IPv6 by its /64, which one subscriber has whole; "" for none."""
    return _network_of(address) if len(address) <= LONGEST else _network_of.__wrapped__(address)


LONGEST = 64
"""Characters of an address whose network is remembered; what a header says may be longer."""


@lru_cache(maxsize=4096)
def _network_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None) or found
    if isinstance(mapped, ipaddress.IPv4Address):
        return str(mapped)
    return str(ipaddress.IPv6Network((int(mapped) >> 64 << 64, 64)))


def client_of(peer: str, headers: dict[str, str], trusted: Sequence[Network]) -> str:
    """The sender's address: from the right, the first that is no trusted proxy; the leftmost ones anybody can write."""
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()][-20:]
    at = peer
    while hops and is_trusted(at, trusted):
        at = hops.pop()
    return at


def client_in(scope: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """The sender's address of a request, as its ASGI scope has it."""
    peer = scope["client"][0] if scope.get("client") else ""
    if not is_trusted(peer, trusted):
        return peer
    said = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    return client_of(peer, {"x-forwarded-for": said}, trusted)


def origin_of(peer: str, headers: dict[str, str], trusted: Sequence[Network], scheme: str, host: str) -> str:
    """`https://host` as the sender called it; a malformed forwarded host is not taken over."""
    if is_trusted(peer, trusted):
        said = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().casefold()
        scheme = said if said in ("http", "https") else scheme
        given = headers.get("x-forwarded-host", "").rpartition(",")[2].strip()
        host = given if _is_host(given) else host
    return f"{scheme}://{host}"


def _is_host(given: str) -> bool:
    """A name or an IPv4 address, perhaps with a port."""
    name, colon, port = given.partition(":")
    if colon and not _PORT.fullmatch(port):
        return False
    return 0 < len(name) <= 253 and all(_LABEL.fullmatch(part) for part in name.split("."))
