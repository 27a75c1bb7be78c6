"""What happened in the month, in five lines for those who do not read events; the page shows each of these figures with what is behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.json_values import JsonObject
from services.cli.demo.ending import offer_name
from services.cli.demo.local_time import LocalTime
from services.ports.console import Tally

FOLLOW_UP = "follow-up"
"""The headline promise of the example agreement."""


class Outline(NamedTuple):
    """What is known of the month beside its events."""

    begin: datetime
    end: datetime
    webhooks: int
    waits: Tally


def month_lines(events: Sequence[JsonObject], outline: Outline, local: LocalTime) -> list[str]:
    """Who came, who got them, which promises held, who bought, and who waits now."""
    by_type: dict[str, list[JsonObject]] = {}
    for event in events:
        by_type.setdefault(event["type"].removeprefix("stafett."), []).append(event)
    return [
        _came_line(by_type.get("lead.created.v1", []), outline, local),
        _got_line(by_type.get("handover.offered.v1", []), by_type.get("handover.rejected.v1", [])),
        _promise_line(by_type),
        _bought_line(by_type.get("handover.won.v1", []), by_type.get("handover.offered.v1", []), local),
        _now_line(outline, len(events)),
    ]


def _came_line(created: Sequence[JsonObject], outline: Outline, local: LocalTime) -> str:
    ways = Counter(event["data"]["source"] for event in created)
    told = ", ".join(f"{count} by {way}" for way, count in _most_first(ways))
    span = f"From {local.moment(outline.begin)} to {local.moment(outline.end)}"
    return f"{span}, {len(created)} {'person' if len(created) == 1 else 'people'} came in" + (
        f": {told}." if told else "."
    )


def _got_line(offered: Sequence[JsonObject], rejected: Sequence[JsonObject]) -> str:
    first = {event["data"]["handover_id"]: event["data"]["owner"]["person"] for event in reversed(offered)}
    people = ", ".join(f"{person.capitalize()} {count}" for person, count in _most_first(Counter(first.values())))
    reasons = Counter(event["data"]["reason"] for event in rejected)
    back = f"; {len(rejected)} came back, most often because: {_most_first(reasons)[0][0]}" if reasons else ""
    return f"{len(first)} {_were(len(first))} handed over to sales" + (f" ({people})" if people else "") + f"{back}."


def _promise_line(by_type: dict[str, list[JsonObject]]) -> str:
    ends = {
        kind: {e["data"]["clock_id"] for e in by_type.get(f"sla.{kind}.v1", []) if e["data"]["policy"] == FOLLOW_UP}
        for kind in ("fulfilled", "breached")
    }
    late, kept = len(ends["breached"]), len(ends["fulfilled"] - ends["breached"])
    all_broken = len({event["data"]["clock_id"] for event in by_type.get("sla.breached.v1", [])})
    return (
        f"{kept} of {kept + late} {_were(kept)} called within the 24 hours that were promised; of all promises {all_broken}"
        f" {_were(all_broken)} broken,"
        " and somebody was told of each."
    )


def _bought_line(won: Sequence[JsonObject], offered: Sequence[JsonObject], local: LocalTime) -> str:
    if not won:
        return "Nobody has bought yet."
    names = {event["data"]["handover_id"]: event["data"] for event in offered}
    amount = sum(event["data"]["amount"] or 0 for event in won)
    last = won[-1]
    who = offer_name(names[last["data"]["handover_id"]])
    return f"{len(won)} bought for {amount:,.0f} SEK, the last one {who} on {local.moment(datetime.fromisoformat(last['time']))}."


def _now_line(outline: Outline, events: int) -> str:
    waits = outline.waits
    return (
        f"Now {waits.waiting} {'waits' if waits.waiting == 1 else 'wait'} for somebody, {waits.overdue} of them overdue; {outline.webhooks} webhooks came in, {events} events"
        " went out, and every figure leads to the events behind it."
    )


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    """Of the same number in the order of the alphabet."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
