"""`multipart/form-data` (RFC 7578), split in one pass: the number of parts and the size of their headers are bounded before any is read.

A file is named, never kept. A part that is divided itself is not gone into.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from typing import NamedTuple
from urllib.parse import unquote

from schemas.json_values import JsonValue
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.charsets import charset_of, decode_field, python_charset
from services.ingest.parsers.reading.safely import read_json

MAX_PARTS = 2000
MAX_HEAD = 8 * 1024
"""Bytes of one part's headers."""
_BOUNDARY = re.compile(r";\s*boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*(name|filename)(\*?)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]+))", re.IGNORECASE)


class Part(NamedTuple):
    """One part: its headers by lower-case name, what its disposition says, its bytes."""

    headers: dict[str, str]
    parameters: dict[str, str]
    content: bytes


def pairs_of(body: bytes, content_type: str) -> list[tuple[str, JsonValue]]:
    """(name, value) of every part, in order; JSON in a part that says so is read. Raises Unreadable."""
    parts = [_part(raw, newline, i) for i, (raw, newline) in enumerate(_split(body, content_type))]
    hint = next(
        (p.content[:40].decode("ascii", "replace") for p in parts if p.parameters["name"] == "_charset_"), "utf-8"
    )
    return [
        (part.parameters["name"], _value(part, python_charset(hint)))
        for part in parts
        if part.parameters["name"] != "_charset_"
    ]


def _split(body: bytes, content_type: str) -> list[tuple[bytes, bytes]]:
    """(part, line end) of every part. The first delimiter's own line end is the one that the sender uses."""
    boundary = _BOUNDARY.search(content_type[:2000])
    start = body.lstrip(b"\r\n")
    try:
        delimiter = b"--" + (boundary[1] or boundary[2]).encode("latin-1") if boundary else b""
    except UnicodeEncodeError:
        raise Unreadable("the content type is not Latin-1") from None
    if not delimiter or not start.startswith(delimiter):
        raise Unreadable("the body is not divided by its boundary")
    newline = b"\n" if re.match(rb"[ \t]{0,100}\n", start[len(delimiter) :][:101]) else b"\r\n"
    edge = re.compile(rb"(?:\A|%b)%b(?=--|[ \t]{0,100}%b)" % (newline, re.escape(delimiter), newline))
    parts: list[tuple[bytes, bytes]] = []
    begun: int | None = None
    for match in edge.finditer(start):
        if begun is not None:
            parts.append((start[begun : match.start()], newline))
            if len(parts) > MAX_PARTS:
                raise Unreadable(f"over {MAX_PARTS} parts")
        begun = match.end()
        if start[begun : begun + 2] == b"--":
            return parts
    # The last delimiter is missing: the end of the body is the end of the part.
    return parts if begun is None else [*parts, (start[begun:].removesuffix(newline), newline)]


def _part(raw: bytes, newline: bytes, index: int) -> Part:
    """Raises Unreadable: headers too large, no name, a part that is divided itself."""
    head, _, content = raw.partition(newline + newline)
    if len(head) > MAX_HEAD:
        raise Unreadable(f"a part's headers are over {MAX_HEAD} bytes", f"$[{index}]")
    lines = re.sub(r"\r?\n[ \t]+", " ", decode_field(head, "utf-8")).splitlines()
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    parameters = _parameters(headers.get("content-disposition", ""))
    if "name" not in parameters:
        raise Unreadable("a part has no name", f"$[{index}]")
    if headers.get("content-type", "").lower().startswith("multipart/"):
        raise Unreadable("a part is divided itself", f"$[{index}]")
    return Part(headers, parameters, content)


def _parameters(disposition: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, starred, quoted, bare in _PARAMETER.findall(disposition):
        value = quoted.replace('\\"', '"').replace("\\\\", "\\") or bare
        if starred:
            charset, _, escaped = value.partition("'")
            value = unquote(escaped.partition("'")[2], python_charset(charset or "utf-8"), "replace")
        parameters.setdefault(name.lower(), value)
    return parameters


def _value(part: Part, hint: str) -> JsonValue:
    if "filename" in part.parameters:
        return {"file": part.parameters["filename"]}
    kind = part.headers.get("content-type", "")
    charset = charset_of(kind) if "charset" in kind.lower() else hint
    try:
        text = decode_field(_content(part), charset)
    except UnicodeDecodeError:
        text = _content(part).decode(charset, "replace")
    if kind.partition(";")[0].strip().lower().endswith("json"):
        try:
            return read_json(text.encode("utf-8", "replace"))
        except Unreadable:
            return text
    return text


def _content(part: Part) -> bytes:
    encoding = part.headers.get("content-transfer-encoding", "").lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(part.content)
    if encoding == "base64":
        try:
            return base64.b64decode(part.content)
        except binascii.Error:
            return part.content
    return part.content
