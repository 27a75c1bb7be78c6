"""The character set that a sender declares; UTF-8 where none is, or where we do not read the one that is."""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
_FAMILIES = ("iso8859", "cp125", "koi8", "utf-8", "utf-16", "shift_jis", "euc", "gb", "big5", "mac-")


def charset_of(content_type: str) -> str:
    """The charset of a content type, by Python's name for it."""
    found = _DECLARED.search(content_type[:1000])
    return python_charset(found[1]) if found else "utf-8"


def python_charset(name: str) -> str:
    """Python's name of a character set. Python's other codecs (`zlib`, `punycode`, ...) are none that a sender may ask for."""
    try:
        said = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    if said in ("iso8859-1", "ascii"):
        # What senders call Latin-1 or ASCII holds the quotes and the euro sign of Windows, which contains both.
        return "cp1252"
    return said if said.startswith(_FAMILIES) else "utf-8"


def to_utf8(body: bytes, content_type: str) -> bytes:
    """The body in UTF-8. Raises UnicodeDecodeError where it is not what it declares to be."""
    charset = charset_of(content_type)
    if charset == "utf-8" and (wide := _wide(body)) is not None:
        charset = wide
    return body if charset == "utf-8" else body.decode(charset).encode()


def _wide(body: bytes) -> str | None:
    """UTF-16 by its mark, or by the zeros of JSON that is written in it."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if body[:1] in (b"{", b"[") and body[1:2] == b"\x00":
        return "utf-16-le"
    return "utf-16-be" if body[:1] == b"\x00" and body[1:2] in (b"{", b"[") else None


def decode_field(raw: bytes, charset: str) -> str:
    """The text of a form's field. What is no UTF-8 is Windows-1252, in which pages without a charset are written, unless
    most of it is UTF-8 all the same. Raises UnicodeDecodeError for any other charset that the bytes are not in."""
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        if charset not in ("utf-8", "cp1252"):
            raise
    damaged = raw.decode("utf-8", "replace")
    if charset == "utf-8" and any(ord(c) > 127 and c != "\ufffd" for c in damaged):
        return damaged
    return raw.decode("latin-1").translate(_WINDOWS)


_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
"""Windows-1252 as browsers have it: its five undefined bytes are themselves."""
