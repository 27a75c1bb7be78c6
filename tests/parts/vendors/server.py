"""A vendor's API on a loopback socket: routes, who may ask, what a request has to look like, a log, and what is held in truth."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft202012Validator

from tests.parts.vendors.faults import DROPPED, Answer, Fault, Json, Plan


class Request(NamedTuple):
    """As it came; header names in lower case. `path` is without the query, and still escaped."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Json:
        """None where the body is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> Json:
        return {name: values[0] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}


class Route(NamedTuple):
    """`path` has names in braces, which `handle` is given, unescaped. `body` is the JSON Schema of a request's body, None where it has none;
    `query` are the names that it may have. `scopes`: those that whoever asks needs."""

    name: str
    method: str
    path: str
    handle: Callable[..., Answer]
    body: dict[str, Json] | None = None
    query: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    is_form: bool = False
    """The body is a form, and `body` the schema of its values."""

    @property
    def content_type(self) -> str:
        return "application/x-www-form-urlencoded" if self.is_form else "application/json"


class Entry(NamedTuple):
    """One request of the log. `fault` is the fault that came to it; a status of 0 is a broken connection."""

    route: str
    request: Request
    status: int
    fault: str | None


class Held(NamedTuple):
    """What the vendor's system has of one of our hand-overs. `ids`: of each opportunity that has the key; the rest is of the first one."""

    ids: tuple[str, ...]
    owner: str | None
    stage: str | None
    contacts: tuple[str, ...]
    notes: tuple[str, ...]
    """The texts of those that hang on it."""
    open_tasks: tuple[tuple[str, str | None], ...]
    """Subject and owner of those that hang on it and are not done."""
    tasks: int
    """Open or not."""


class Oracle(Protocol):
    """A description by the vendor itself, where one is at hand."""

    def problems(self, request: Request) -> list[str]:
        """What the request is not as described."""


@dataclass
class VendorApi:
    """What all vendors have in common. `answer` is one request from its proof to its effect; it has no socket."""

    plan: Plan = field(default_factory=Plan)
    oracle: Oracle | None = None
    log: list[Entry] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """Requests that the vendor would not have understood, whatever was answered: a test asks that there are none."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    routes: ClassVar[tuple[Route, ...]] = ()

    def answer(self, request: Request) -> Answer:
        with self.lock:
            route, names = self._route(request)
            if route is None:
                self.violations.append(f"no such path: {request.method} {request.path}")
                return self._note("", request, self.no_such_path(request), None)
            if (refusal := self.refuse(request, route)) is not None:
                return self._note(route.name, request, refusal, None)
            problems = self._problems(request, route)
            if problems:
                self.violations += [f"{route.name}: {problem}" for problem in problems]
                return self._note(route.name, request, self.no_such_request(problems), None)
            fault = self.plan.pick(route.name, request.method, request.path, request.body)
            return self._note(route.name, request, self._done(route, request, names, fault), fault)

    def requests(self, route: str) -> list[Entry]:
        """Those of the log that went to this route."""
        return [entry for entry in self.log if entry.route == route]

    def truth(self) -> dict[str, Held]:
        """What is held, by our key."""
        raise NotImplementedError

    def refuse(self, request: Request, route: Route) -> Answer | None:
        """The answer to whoever may not ask, or asks too often."""
        raise NotImplementedError

    def no_such_path(self, request: Request) -> Answer:
        raise NotImplementedError

    def no_such_request(self, problems: list[str]) -> Answer:
        """To a body or a query that is not as described."""
        raise NotImplementedError

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        """The request's effect, and its answer."""
        return route.handle(self, request, **names)

    def _done(self, route: Route, request: Request, names: dict[str, str], fault: Fault | None) -> Answer:
        if fault is not None and fault.happens == "instead":
            return fault.answer
        answer = self.carry_out(route, request, names)
        return fault.answer if fault is not None else answer

    def _route(self, request: Request) -> tuple[Route | None, dict[str, str]]:
        for route in self.routes:
            if route.method == request.method and (match := _pattern(route.path).fullmatch(request.path)):
                return route, {name: unquote(value) for name, value in match.groupdict().items()}
        return None, {}

    def _problems(self, request: Request, route: Route) -> list[str]:
        found = [f"?{name} is no parameter" for name in request.query if name not in route.query]
        if route.body is None:
            if request.body:
                found.append("it has a body")
        elif request.headers.get("content-type", "").partition(";")[0].strip() != route.content_type:
            found.append(f"its content type is not {route.content_type}")
        else:
            errors = Draft202012Validator(route.body).iter_errors(request.form() if route.is_form else request.json())
            found += [f"{error.json_path}: {error.message[:200]}" for error in errors]
        if self.oracle is not None:
            found += [f"as published: {problem}" for problem in self.oracle.problems(request)]
        return found

    def _note(self, route: str, request: Request, answer: Answer, fault: Fault | None) -> Answer:
        self.log.append(Entry(route, request, answer.status, fault.name if fault else None))
        return answer


_PATTERNS: dict[str, re.Pattern[str]] = {}


def _pattern(path: str) -> re.Pattern[str]:
    if path not in _PATTERNS:
        _PATTERNS[path] = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
    return _PATTERNS[path]


def ask(method: str, target: str, body: Json = None, *, headers: Mapping[str, str] | None = None) -> Request:
    """A request as it would come over the socket, for tests without one."""
    url = urlsplit(target)
    content = b"" if body is None else json.dumps(body).encode()
    given = {**({"content-type": "application/json"} if content else {}), **(headers or {})}
    return Request(method, url.path, parse_qs(url.query, keep_blank_values=True), given, content)


@contextmanager
def serve(api: VendorApi) -> Iterator[str]:
    """The API on a socket of its own thread; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def _serve(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:
                # Whoever sent it has gone: it never arrived.
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = parse_qs(url.query, keep_blank_values=True)
            self._send(api.answer(Request(self.command, url.path, query, headers, body)))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the standard library calls them by these names

        def _send(self, answer: Answer) -> None:
            if answer.delay:
                time.sleep(answer.delay)
            if answer.is_dropped:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            is_page = isinstance(answer.body, str) and "content-type" in answer.headers
            body = b"" if answer.body is None else (answer.body if is_page else json.dumps(answer.body)).encode()
            headers = {**({} if answer.status == 204 else {"content-type": "application/json"}), **answer.headers}
            lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items())]
            lines.append(f"content-length: {len(body)}")
            self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

        def log_message(self, *_: object) -> None:
            """The log of requests is the API's own."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """A client that went away is what this is for; a fault of ours shows as a missing answer and in `violations`."""
            import traceback

            text = traceback.format_exc()
            if not any(name in text for name in ("ConnectionResetError", "BrokenPipeError", "Bad file descriptor")):
                api.violations.append(f"a fault of the stand-in: {text}")

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


__all__ = ["DROPPED", "Entry", "Held", "Oracle", "Request", "Route", "VendorApi", "ask", "serve"]
