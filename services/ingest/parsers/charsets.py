"""The character set that a sender declares; UTF-8 where none is, or where we do not read the one that is."""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
_FAMILIES = ("iso8859", "cp125", "koi8", "utf-8", "utf-16", "shift_jis", "euc", "gb", "big5", "mac-")


def charset_of(content_type: str) -> str:
    """The charset of a content type, by Python's name for it."""
    found = _DECLARED.search(content_type[:1000])
    return known(found[1]) if found else "utf-8"


def known(name: str) -> str:
    """Python's name of a character set. Python's other codecs (`zlib`, `punycode`, ...) are none that a sender may ask for."""
    try:
        said = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    if said in ("iso8859-1", "ascii"):
        # What senders call Latin-1 or ASCII holds the quotes and the euro sign of Windows, which contains both.
        return "cp1252"
    return said if said.startswith(_FAMILIES) else "utf-8"


def recoded(body: bytes, content_type: str) -> bytes:
    """The body in UTF-8. Raises UnicodeDecodeError where it is not what it declares to be."""
    charset = charset_of(content_type)
    return body if charset == "utf-8" else body.decode(charset).encode()
