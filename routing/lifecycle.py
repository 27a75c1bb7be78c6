"""The lifecycle as data: which facts move a lead from which stage to which.

A signal is judged against the rows again and again, in their order, until none fits; a stage is entered at most once
per signal. Docs, API and tests read `TABLE`, so that the picture cannot drift from the code.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple, assert_never

from schemas.events import Stage, Track

# Somebody is at work on the lead: it must have an owner, and it counts in that person's load.
WORKED: tuple[Stage, ...] = ("qualification", "hand_over", "deal")
# A salesperson speaks with them: marketing's automated mail is still, and the account's other leads join the owner.
DIALOGUE: tuple[Stage, ...] = ("hand_over", "deal")


Fact = Literal[
    "cold",
    "contact_deleted",
    "engaged",
    "listed",
    "lost",
    "meeting_booked",
    "not_now",
    "offers_exhausted",
    "rejected",
    "returned",
    "sales_qualified",
    "sales_ready",
    "taken_back",
    "taken_up",
    "touched",
    "won",
]
"""What may be established of a lead while a signal is judged; only these move it."""


class Row(NamedTuple):
    """One row. `facts`: it fits as soon as one of these was established while the signal was judged
    (`routing.judging` establishes them). `on` says the same in words."""

    name: str
    from_stages: tuple[Stage | None, ...]
    facts: frozenset[Fact]
    on: str
    to_stage: Stage
    track: Track | None = None


TABLE: tuple[Row, ...] = (
    Row(
        name="won_outside",
        from_stages=("prospecting", "contact", "qualification", "nurturing"),
        facts=frozenset({"won"}),
        on="won, a fact of the CRM; told as outside the process",
        to_stage="deal",
    ),
    Row(
        name="touched",
        from_stages=(None, "prospecting"),
        facts=frozenset({"touched"}),
        on="any outreach or inbound touch",
        to_stage="contact",
    ),
    Row(
        name="listed",
        from_stages=(None,),
        facts=frozenset({"listed"}),
        on="the person was put on a target list",
        to_stage="prospecting",
    ),
    Row(
        name="engaged",
        from_stages=("contact", "nurturing"),
        facts=frozenset({"engaged", "sales_ready", "meeting_booked"}),
        on="engagement that meets `engaged`; a sales-ready tag that a person set; a meeting booked with sales",
        to_stage="qualification",
    ),
    Row(
        name="qualified",
        from_stages=("qualification",),
        facts=frozenset({"sales_qualified", "sales_ready", "meeting_booked"}),
        on="meets `sales_qualified`; a sales-ready tag that a person set; a meeting booked with sales",
        to_stage="hand_over",
    ),
    Row(
        name="not_now",
        from_stages=("qualification",),
        facts=frozenset({"not_now", "taken_back"}),
        on="meets `not_now`; taken back after a breach",
        to_stage="nurturing",
        track="warm_up",
    ),
    Row(
        name="taken_up",
        from_stages=("hand_over",),
        facts=frozenset({"taken_up", "won"}),
        on="accepted and a first follow-up logged; or won",
        to_stage="deal",
    ),
    Row(
        name="handed_back",
        from_stages=("hand_over",),
        facts=frozenset({"rejected", "lost", "returned", "cold", "offers_exhausted", "taken_back", "contact_deleted"}),
        on="rejected; lost or returned; cold after the agreed attempts; no owner left to offer it to; taken back after a breach; deleted in the CRM",
        to_stage="nurturing",
        track="recycle",
    ),
    Row(
        name="won",
        from_stages=("deal",),
        facts=frozenset({"won"}),
        on="won",
        to_stage="nurturing",
        track="growth",
    ),
    Row(
        name="lost",
        from_stages=("deal",),
        facts=frozenset({"lost", "returned", "rejected", "taken_back", "contact_deleted"}),
        on="lost; returned or rejected by sales; taken back after a breach; deleted in the CRM",
        to_stage="nurturing",
        track="recycle",
    ),
)


_FROM = {stage: tuple(row for row in TABLE if stage in row.from_stages) for row in TABLE for stage in row.from_stages}
"""Rows by the stage that they lead from."""
_MOVES = {stage: frozenset().union(*[row.facts for row in rows]) for stage, rows in _FROM.items()}
"""By the stage, all facts that lead from it."""


def first_fit(stage: Stage | None, facts: AbstractSet[Fact], entered: set[Stage]) -> Row | None:
    """The first row that fits now; None when the lead stays where it is."""
    if _MOVES[stage].isdisjoint(facts):
        return None
    for row in _FROM[stage]:
        if row.to_stage not in entered and not row.facts.isdisjoint(facts):
            return row
    return None


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for row in TABLE:
        track = f" ({row.track})" if row.track else ""
        for stage in row.from_stages:
            lines.append(f"    {stage or '[*]'} --> {row.to_stage}: {row.name}{track}")
    return "\n".join(lines) + "\n"


def route_of(stage: Stage | None) -> str:
    """The route whose rules say who works a lead of this stage."""
    match stage:
        case "qualification":
            return "qualification"
        case "nurturing":
            return "growth"
        case None | "prospecting" | "contact" | "hand_over" | "deal":
            return "hand_over"
        case _:
            assert_never(stage)
