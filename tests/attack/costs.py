"""CPU that one body costs, from proof to record: process time, not wall time."""

import cProfile
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from schemas.sources import Source
from services.ingest.app import Understood, read_delivery
from services.ingest.configured.source import Configured
from services.ingest.limits.offload import takes_long
from services.ingest.parsers.bounds.pieces import in_pieces
from services.ingest.proof.verify import Request
from services.ingest.quarantine.aside import set_aside
from services.ports.signal_records import record_of
from tests.attack.bodies import of_kind
from tests.everykind import sent

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


Done = TypeVar("Done")


def count_calls(work: Callable[[], Done]) -> tuple[int, Done]:
    """(how many functions are called, what `work` gives): what costs much, without a clock."""
    profile = cProfile.Profile()
    done = profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats()), done


class Cost(NamedTuple):
    """`seconds`: of the whole body; `longest`: of its longest piece, after which others have their turn."""

    seconds: float
    longest: float
    kind: str
    what: str
    size: int
    is_on_the_loop: bool


SECRET = "a secret of some length"


class Sender(NamedTuple):
    """A source and how its sender proves deliveries, if they do."""

    source: Source
    secrets: tuple[str, ...]
    headers: dict[str, str]


def sender_of(kind: str, is_proven: bool, max_values: int | None = None) -> Sender:
    if not is_proven:
        return Sender(Source(name="s", kind=kind, verify={"scheme": "none"}), (), {})
    verify = {"scheme": "token", "header": "x-token", "secrets": ["STAFETT_SECRET_S"]}
    return Sender(Source(name="s", kind=kind, verify=verify, max_values=max_values), (SECRET,), {"x-token": SECRET})


def costs(kind: str, chosen: Iterable[str] | None = None, is_proven: bool = False) -> Iterator[Cost]:
    """Of each body, or of those with one of the words in their name. The least of two, where it is much."""
    sender = sender_of(kind, is_proven)
    for what, body, said in of_kind(kind):
        if chosen is None or any(word in what for word in chosen):
            headers = {**sent(kind).headers, "content-type": said}
            pieces = pieces_of(sender, body, headers, time.process_time)
            if sum(pieces) > 0.1:
                pieces = min(pieces, pieces_of(sender, body, headers, time.process_time), key=max)
            yield Cost(sum(pieces), max(pieces), kind, what, len(body), not takes_long(body))


def pieces_of(sender: Sender, body: bytes, headers: dict[str, str], measured: Callable[[], float]) -> list[float]:
    """What each piece of the work costs, from proof to record, by a measure that only grows."""
    marks = [measured()]
    with in_pieces(lambda: marks.append(measured())):
        read(sender, body, headers)
    marks.append(measured())
    return [after - before for before, after in itertools.pairwise(marks)]


def read(sender: Sender, body: bytes, headers: dict[str, str]) -> None:
    """All that is done with a body before it is stored."""
    delivery = Request("POST", "", {**headers, **sender.headers}, body)
    found = read_delivery(Configured(sender.source, sender.secrets, ()), delivery, NOW, b"k" * 32)
    if isinstance(found, Understood):
        for signal in found.signals:
            record_of(signal, "t")
        set_aside(sender.source, found.unclear, body, headers, NOW)


class Calls:
    """How many functions were called so far, with what was called by `work`: what costs much, without a clock."""

    def __init__(self) -> None:
        self._profile, self._sum = cProfile.Profile(), 0

    def __call__(self) -> float:
        """So far; counting goes on."""
        self._profile.disable()
        self._sum += sum(entry.callcount for entry in self._profile.getstats())
        self._profile = cProfile.Profile()
        self._profile.enable()
        return self._sum

    def stop(self) -> None:
        self._profile.disable()
