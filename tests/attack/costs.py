"""CPU that one body costs, from proof to record: process time, not wall time."""

import cProfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from schemas.sources import Source
from services.ingest.app import Understood, understood
from services.ingest.configured.source import Configured
from services.ingest.limits.offload import takes_long
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
    seconds: float
    kind: str
    what: str
    size: int
    is_on_the_loop: bool


def costs(kind: str, chosen: Iterable[str] | None = None) -> Iterator[Cost]:
    """Of each body, or of those with one of the words in their name, to a source that proves nothing. The least of two, where
    it is much."""
    source = Source(name="s", kind=kind, verify={"scheme": "none"})
    for what, body, said in of_kind(kind):
        if chosen is None or any(word in what for word in chosen):
            headers = {**sent(kind).headers, "content-type": said}
            seconds = _seconds(source, body, headers)
            seconds = min(seconds, _seconds(source, body, headers)) if seconds > 0.1 else seconds
            yield Cost(seconds, kind, what, len(body), not takes_long(body))


def _seconds(source: Source, body: bytes, headers: dict[str, str]) -> float:
    begun = time.process_time()
    found = understood(Configured(source, (), ()), Request("POST", "", headers, body), NOW, b"k" * 32)
    if isinstance(found, Understood):
        for signal in found.signals:
            record_of(signal, "t")
        set_aside(source, found.unclear, body, headers, NOW)
    return time.process_time() - begun
