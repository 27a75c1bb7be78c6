"""Answers that were put together before they are sent: to an application's caller, or to a connection itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Send

from services.door.headers import HEADERS
from services.door.problems import Trouble

Pairs = list[tuple[bytes, bytes]]
_JSON = (b"content-type", b"application/json")
_OF_EVERY_ANSWER = frozenset(name for name, _ in HEADERS)


class Answer(NamedTuple):
    """One whole answer, with its own headers."""

    status: int
    headers: Pairs
    body: bytes

    def all_headers(self) -> Pairs:
        """With those of every answer, where it has none of its own of that name."""
        given = {name for name, _ in self.headers} & _OF_EVERY_ANSWER
        return [*self.headers, *([pair for pair in HEADERS if pair[0] not in given] if given else HEADERS)]

    async def send(self, send: Send) -> None:
        """As the one answer of an ASGI request."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.all_headers()})
        await send({"type": "http.response.body", "body": self.body})


def answer_of(response: Response) -> Answer:
    """The same answer, without the framework."""
    return Answer(response.status_code, response.raw_headers, bytes(response.body))


def json_answer(status: int, body: bytes) -> Answer:
    """`body` is JSON already."""
    return Answer(status, [(b"content-length", b"%d" % len(body)), _JSON], body)


def response_of(answer: Answer) -> Response:
    """The same answer, for a route of the framework's."""
    response = Response(answer.body, answer.status)
    response.raw_headers = list(answer.headers)
    return response


def response_bytes(trouble: Trouble) -> bytes:
    """The whole response, after which the connection is closed."""
    answer = answer_of(trouble.response())
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}".encode()]
    pairs = [*(pair for pair in answer.all_headers() if pair[0] != b"connection"), (b"connection", b"close")]
    lines += [name + b": " + value for name, value in pairs]
    return b"\r\n".join(lines) + b"\r\n\r\n" + answer.body
