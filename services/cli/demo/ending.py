"""What happened, in five lines that need no knowledge of events: who bought, who came back, who was late, what was kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.json_values import JsonObject
from services.cli.demo.local_time import LocalTime

Event = JsonObject
"""An envelope, as the feed gives it."""


class Handover(NamedTuple):
    """A hand-over: who it is about, who got it, and its events by the last word of their type."""

    name: str
    seller: str
    offered_at: datetime
    events: dict[str, Event]


def five_lines(events: Sequence[Event], local: LocalTime, webhooks: int) -> list[str]:
    """Of a story of three: one who bought, one who was handed back, one who was called too late. `webhooks` were posted.
    Raises StopIteration where one of them is lacking."""
    handovers = _handovers(events)
    breach = next(data for kind, data in _clocks(events) if kind == "breached")
    # A promise is about a hand-over, or about one offer of it.
    late = next(h for ident, h in handovers.items() if breach["subject_id"].partition(".")[0] == ident)
    won = next(h for h in handovers.values() if "won" in h.events)
    rejected = next(h for h in handovers.values() if "rejected" in h.events)
    return [
        _bought_line(won, events),
        _came_back_line(rejected),
        _was_late_line(late, breach, local),
        _promises_line(events, late),
        f"Everything is kept: {webhooks} webhooks came in, {len(events)} events went out, and every decision can be explained.",
    ]


def _handovers(events: Sequence[Event]) -> dict[str, Handover]:
    found: dict[str, Handover] = {}
    for event in events:
        _, subject, kind, _ = event["type"].split(".")
        data = event["data"]
        if subject != "handover":
            continue
        if kind == "offered":
            found[data["handover_id"]] = Handover(
                offer_name(data), _owner_name(data["owner"]), _instant(event["time"]), {}
            )
        found[data["handover_id"]].events[kind] = event
    return found


def _clocks(events: Sequence[Event]) -> Iterator[tuple[str, Event]]:
    """(what became of it, its data) of each event of a promise."""
    for event in events:
        if event["type"].startswith("stafett.sla."):
            yield event["type"].split(".")[2], event["data"]


def _bought_line(handover: Handover, events: Sequence[Event]) -> str:
    won = handover.events["won"]
    called = _instant(handover.events["followed_up"]["data"]["followed_up_at"]) - handover.offered_at
    growth = next(e for e in events if e["type"] == "stafett.nurture.entered.v1" and e["subject"] == won["subject"])
    amount = f"{won['data']['amount']:,.0f} {won['data']['currency']}"
    return (
        f"{handover.name} bought for {amount}: {handover.seller} called after {_seconds(called.total_seconds())},"
        f" and {_owner_name(growth['data']['owner'])} looks after the customer now."
    )


def _came_back_line(handover: Handover) -> str:
    reason = handover.events["rejected"]["data"]["reason"]
    return f"{handover.name} came back from {handover.seller} with a reason, {reason}; marketing keeps in touch."


def _was_late_line(handover: Handover, breach: Event, local: LocalTime) -> str:
    due = _instant(breach["due_at"])
    promised = (due - _instant(breach["started_at"])).total_seconds()
    called = _instant(handover.events["followed_up"]["data"]["followed_up_at"])
    lost = handover.events["lost"]["data"]["reason"]
    return (
        f"{handover.name} was called too late: {handover.seller} had {_seconds(promised)}, until {local.zoned_clock(due)}, and called"
        f" {_seconds((called - due).total_seconds())} after that; the manager was told. The deal was lost: {lost}."
    )


def _promises_line(events: Sequence[Event], late: Handover) -> str:
    by_end: dict[str, set[str]] = {"fulfilled": set(), "breached": set(), "cancelled": set()}
    for kind, data in _clocks(events):
        if kind in by_end:
            by_end[kind].add(data["clock_id"])
    kept, fell_away = (len(by_end[kind] - by_end["breached"]) for kind in ("fulfilled", "cancelled"))
    return (
        f"{kept} {'promise was' if kept == 1 else 'promises were'} kept, {len(by_end['breached'])} was broken ({late.seller}'s call), and {fell_away} fell away"
        " with the leads that they were about."
    )


def offer_name(offer: Event) -> str:
    """Who is offered: `Anna Ek of Acme AB`."""
    person, company = offer["personal"]["person"], offer["dossier"]["company_name"]
    parts = [person.get("first_name"), person.get("last_name")]
    name = person.get("full_name") or " ".join(part for part in parts if part) or person["email"]
    return f"{name} of {company}" if company else name


def _owner_name(owner: Event) -> str:
    return str(owner["person"]).capitalize()


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0") + " seconds"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
