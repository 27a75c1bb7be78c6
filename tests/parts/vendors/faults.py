"""What goes wrong at a vendor: by a seeded plan, or once where a test asks for it; and limits that count for themselves."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Answer(NamedTuple):
    """`body` is JSON, or a page where it is a text of its own type. `delay`: seconds until it is sent. A status of 0: the connection is
    broken and nothing is answered."""

    status: int = 200
    body: Json = None
    headers: Mapping[str, str] = {}
    delay: float = 0.0

    @property
    def is_dropped(self) -> bool:
        return self.status == 0


DROPPED = Answer(status=0)


@dataclass(frozen=True)
class Fault:
    """`instead`: nothing is done, and this is answered. `after`: everything is done, and then this is answered."""

    name: str
    happens: Literal["instead", "after"]
    answer: Answer


DROP_BEFORE = Fault("drop before", "instead", DROPPED)
COMMIT_THEN_DROP = Fault("commit then drop", "after", DROPPED)
UNAVAILABLE = Fault("503", "instead", Answer(503, "upstream connect error", {"content-type": "text/plain"}))
GATEWAY_AFTER = Fault(
    "502 after commit", "after", Answer(502, "<html>Bad Gateway</html>", {"content-type": "text/html"})
)
FIREWALL_PAGE = """<!DOCTYPE html><html><head><title>Access denied | Cloudflare</title></head>
<body><h1>Error 1020</h1><p>You do not have access.</p></body></html>"""
HTML_403 = Fault("HTML 403", "instead", Answer(403, FIREWALL_PAGE, {"content-type": "text/html; charset=UTF-8"}))


def commit_then_silence(seconds: float) -> Fault:
    """Done, and answered too late for whoever asked."""
    return Fault("commit then silence", "after", Answer(0, delay=seconds))


class Rule(NamedTuple):
    """The fault comes to a share of the requests of these routes; of all where none is named."""

    fault: Fault
    share: float
    routes: frozenset[str] = frozenset()


@dataclass
class Plan:
    """Which requests a fault comes to. What is drawn depends on the seed and on the request itself and how often it came, not on the
    order in which others come; after `most_in_a_row` faults the same method and path is answered, so that every run ends."""

    seed: int = 0
    rules: Collection[Rule] = ()
    most_in_a_row: int = 2
    came: Counter[str] = field(default_factory=Counter)
    """How often each fault came."""
    _repeats: Counter[bytes] = field(default_factory=Counter)
    _in_a_row: Counter[tuple[str, str]] = field(default_factory=Counter)
    _once: list[tuple[Fault, frozenset[str]]] = field(default_factory=list)

    def once(self, fault: Fault, *routes: str, times: int = 1) -> None:
        """The next request of these routes (of any where none is named) has it; so many times."""
        self._once += [(fault, frozenset(routes))] * times

    def pick(self, route: str, method: str, path: str, body: bytes) -> Fault | None:
        fault = self._asked_for(route) or self._drawn(route, method, path, body)
        if fault is None:
            self._in_a_row.pop((method, path), None)
            return None
        self._in_a_row[(method, path)] += 1
        self.came[fault.name] += 1
        return fault

    def _asked_for(self, route: str) -> Fault | None:
        for i, (fault, routes) in enumerate(self._once):
            if not routes or route in routes:
                del self._once[i]
                return fault
        return None

    def _drawn(self, route: str, method: str, path: str, body: bytes) -> Fault | None:
        request = hashlib.blake2b(b"\0".join((method.encode(), path.encode(), body)), digest_size=16).digest()
        nth = self._repeats[request]
        self._repeats[request] += 1
        if self._in_a_row[(method, path)] >= self.most_in_a_row:
            return None
        for rule in self.rules:
            if (not rule.routes or route in rule.routes) and self._lot(rule.fault.name, request, nth) < rule.share:
                return rule.fault
        return None

    def _lot(self, name: str, request: bytes, nth: int) -> float:
        """From 0 to 1."""
        text = f"{self.seed} {name} {nth} ".encode() + request
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2**64


@dataclass
class Limit:
    """At most `most` requests in any `seconds`."""

    most: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _at: deque[float] = field(default_factory=deque)

    def take(self) -> bool:
        """Whether one more is within it; it counts then."""
        now = self.clock()
        while self._at and self._at[0] <= now - self.seconds:
            self._at.popleft()
        if len(self._at) >= self.most:
            return False
        self._at.append(now)
        return True

    @property
    def remaining(self) -> int:
        return self.most - len(self._at)
