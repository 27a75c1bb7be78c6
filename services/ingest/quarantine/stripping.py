"""Secrets that senders put into bodies: taken out of what is kept for people to look at."""

from __future__ import annotations

import re

HIDDEN = b"(removed)"
_NAMES = (
    rb"google_key|api_?key|apiKey|access_?token|application_token|refresh_token|client_secret|handshake_?key|"
    rb"verification_token|SessionId|session_id|auth_token|write_?key|password|secret"
)
_JSON = re.compile(rb'("(?:' + _NAMES + rb')"\s*:\s*")(?:[^"\\]|\\.)*"', re.IGNORECASE)
_FORM = re.compile(
    rb"((?:^|[?&;]|%26|%3F|\[|%5B)(?:" + _NAMES + rb")(?:\]|%5D)?(?:=|%3D))[^&\s\"'<>%;]+", re.IGNORECASE
)
_XML = re.compile(rb"(<(?:\w+:)?(?:SessionId|password|secret)>)[^<]*", re.IGNORECASE)
# Bounded: lines that look like the head of a part, one after the other, would be gone through again from each of them.
_PART = re.compile(rb'(name="(?:' + _NAMES + rb')"\r?\n(?:[^\r\n]{1,1000}\r?\n){0,10}\r?\n)[^\r\n]*', re.IGNORECASE)


def hide_secrets(body: bytes, field: str = "") -> bytes:
    """The body with the values of such names replaced; `field` is the name that this source's own secret is under."""
    for pattern in (_JSON, _XML, _FORM, _PART):
        body = pattern.sub(lambda m: m[1] + HIDDEN + (b'"' if m[0].endswith(b'"') and m.re is _JSON else b""), body)
    if field:
        name = re.escape(field.rpartition(".")[2].encode())
        body = re.sub(rb'("' + name + rb'"\s*:\s*")(?:[^"\\]|\\.)*', rb"\g<1>" + HIDDEN, body)
        body = re.sub(rb"((?:^|&)" + name + rb"=)[^&]*", rb"\g<1>" + HIDDEN, body)
    return body
