"""A sink's calls answered by a stand-in without a socket, for unit tests and for many hand-overs at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from services.sinks.calls import Call, Reply
from services.sinks.outcomes import Trouble
from tests.parts.vendors.server import Request, VendorApi


class StandInCaller:
    """Sends each call to `api`. What is broken off is told as the real sender tells it."""

    def __init__(self, api: VendorApi) -> None:
        self.api = api

    async def __call__(self, call: Call) -> Reply:
        url = urlsplit(call.path)
        headers = {name.lower(): value for name, value in {**call.headers, **call.secret}.items()}
        query = parse_qs(url.query, keep_blank_values=True)
        answer = self.api.answer(Request(call.method, url.path, query, headers, call.body or b""))
        if answer.is_dropped:
            raise Trouble("unknown" if call.is_write else "transient", "ReadError")
        is_page = isinstance(answer.body, str) and "content-type" in answer.headers
        return Reply(
            answer.status, _lower(answer.headers), str(answer.body).encode() if is_page else _json(answer.body)
        )


def _json(body: object) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
