"""An agreement as sections of sentences: everything that it says, in words that both sides can sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from schemas.agreement import AgreementFile
from services.console.agreement import aims, handing_over, nurturing, promises, routes, stages, working_time
from services.console.agreement.items import Item
from services.console.language.reader import Reader
from services.console.language.words import mark


class Section(NamedTuple):
    """`key` is its anchor."""

    key: str
    title: str
    items: list[Item]


_SECTIONS: tuple[tuple[str, str, Callable[[AgreementFile, Reader], Iterator[Item]]], ...] = (
    ("stages", mark("The way of a lead"), stages.stage_items),
    ("criteria", mark("What the words mean"), stages.criterion_items),
    ("routes", mark("Who gets a lead"), routes.route_items),
    ("hand-over", mark("The hand-over"), handing_over.handover_items),
    ("promises", mark("What is promised"), promises.promise_items),
    ("volumes", mark("How many, and how good"), promises.volume_items),
    ("time", mark("Working time"), working_time.calendar_items),
    ("nurturing", mark("Keeping in touch"), nurturing.track_items),
    ("market", mark("Who both sides want"), aims.market_items),
    ("points", mark("Points"), aims.point_items),
    ("goals", mark("Aims"), aims.goal_items),
    ("rest", mark("And also"), handing_over.other_items),
)


def sections_of(file: AgreementFile, reader: Reader) -> list[Section]:
    """Those that have anything to say, in this order."""
    made = [Section(key, reader.say(title), list(items(file, reader))) for key, title, items in _SECTIONS]
    return [section for section in made if section.items]
