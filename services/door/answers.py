"""Answers that are written to a connection itself, where no application is asked."""

from __future__ import annotations

from http import HTTPStatus

from services.door.headers import HEADERS
from services.door.problems import Trouble


def response_bytes(trouble: Trouble) -> bytes:
    """The whole response, after which the connection is closed."""
    response = trouble.response()
    lines = [f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}".encode()]
    given = [pair for pair in response.raw_headers if pair[0] != b"connection"]
    pairs = [*given, *HEADERS, (b"connection", b"close")]
    lines += [name + b": " + value for name, value in pairs]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body)
