"""One try: signed as Standard Webhooks has it, to an address that was looked at first, redirects not followed."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import socket
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

import httpx


class AddressRefused(Exception):
    """The subscriber's name leads to an address that is not public."""


def signature(secrets: Sequence[str], ident: str, stamp: int, body: bytes) -> str:
    """The `webhook-signature` header: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, for each secret."""
    signed = f"{ident}.{stamp}.".encode() + body
    keys = [b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    return " ".join(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)


def is_public(address: str) -> bool:
    """Global unicast only; an IPv4 address that is dressed as IPv6 is looked at as what it is."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


async def address_of(host: str, port: int, *, allow_private: bool) -> str:
    """An address of the host to connect to. Raises AddressRefused, or OSError where the name is unknown."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private and not all(is_public(address) for address in addresses):
        raise AddressRefused(host)
    return addresses[0]


async def send(
    client: httpx.AsyncClient,
    url: str,
    secrets: Sequence[str],
    ident: str,
    body: str,
    now: datetime,
    *,
    allow_private: bool,
) -> httpx.Response:
    """Connects to the very address that was looked at, so that a name that changes its answer cannot lead elsewhere.

    Raises AddressRefused, OSError, httpx.HTTPError.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = await address_of(host, port, allow_private=allow_private)
    raw, stamp = body.encode(), int(now.timestamp())
    headers = {
        "host": parts.netloc.rpartition("@")[2],
        "content-type": "application/cloudevents+json",
        "webhook-id": ident,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(secrets, ident, stamp, raw),
    }
    shown = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{shown}:{port}").geturl()
    request = client.build_request("POST", target, content=raw, headers=headers, extensions={"sni_hostname": host})
    answer = await client.send(request, stream=True, follow_redirects=False)
    await answer.aclose()
    return answer
