"""The domain of a company, out of whatever people and systems write where a web site is asked for."""

from __future__ import annotations

import re
from functools import lru_cache

_SCHEME = re.compile(r"^[\s\"'<(\[]*(?:(?:https?|ftp)\s*+(?::\s*+)?/{1,3}|//|(?:https?|ftp):)?\s*", re.IGNORECASE)
_END = re.compile(r"[/?#\s,;|\"'<>()\[\]]")
_WWW = re.compile(r"^www?w?\d?\.(?=[^.]+\.)")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,24}|xn--[a-z0-9-]{2,59})")
LONGEST = 2000
"""Characters that are looked at: a link with its tracking parameters is long, a domain is not."""
SHORT = 200
"""Characters of what is remembered: of one event a host is asked for several times."""


def host_of(text: str | None) -> str | None:
    """`acme.example` of `https://www.acme.example/about?x=1`, `ACME.example.`, `info@acme.example` or `acme.example`.

    ASCII (IDNA), lower case, without `www.`, port and path. None for what names no host: an address of numbers, a word, `N/A`.
    """
    if text is None:
        return None
    if not text.startswith("ww") and len(text) <= 253 and _HOST.fullmatch(text):
        return text  # it was read before, or its sender writes nothing else
    return _short_hosts(text) if len(text) <= SHORT else _read_host(text)


def _read_host(text: str) -> str | None:
    short = text[:LONGEST].strip()
    bare = short[match.end() :] if (match := _SCHEME.match(short)) else short
    host = _END.split(bare, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].rstrip(".").casefold()
    host = _WWW.sub("", host)
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return host if len(host) <= 253 and _HOST.fullmatch(host) else None


_short_hosts = lru_cache(maxsize=256)(_read_host)
