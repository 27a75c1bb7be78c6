"""The lifecycle as data: which facts move a lead from which stage to which.

A signal is judged against the rows again and again, in their order, until none fits; a stage is entered at most once
per signal. Docs, API and tests read `TABLE`, so that the picture cannot drift from the code.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

from schemas.events import Stage, Track

# Somebody is at work on the lead: it must have an owner, and it counts in that person's load.
WORKED: tuple[Stage, ...] = ("qualification", "hand_over", "deal")
# A salesperson speaks with them: marketing's automated mail is still, and the account's other leads join the owner.
DIALOGUE: tuple[Stage, ...] = ("hand_over", "deal")


class Row(NamedTuple):
    """One row. `facts`: it fits as soon as one of these was established while the signal was judged
    (`routing.judging` establishes them). `on` says the same in words."""

    name: str
    from_stages: tuple[Stage | None, ...]
    facts: frozenset[str]
    on: str
    to_stage: Stage
    track: Track | None = None


def _row(
    name: str, from_stages: tuple[Stage | None, ...], facts: str, on: str, to: Stage, track: Track | None = None
) -> Row:
    return Row(name, from_stages, frozenset(facts.split()), on, to, track)


TABLE: tuple[Row, ...] = (
    _row(
        "won_outside",
        ("prospecting", "contact", "qualification", "nurturing"),
        "won",
        "won, a fact of the CRM; told as outside the process",
        "deal",
    ),
    _row("touched", (None, "prospecting"), "touched", "any outreach or inbound touch", "contact"),
    _row("listed", (None,), "listed", "the person was put on a target list", "prospecting"),
    _row(
        "engaged",
        ("contact", "nurturing"),
        "engaged sales_ready meeting_booked",
        "engagement that meets `engaged`; a sales-ready tag that a person set; a meeting booked with sales",
        "qualification",
    ),
    _row(
        "qualified",
        ("qualification",),
        "sales_qualified sales_ready meeting_booked",
        "meets `sales_qualified`; a sales-ready tag that a person set; a meeting booked with sales",
        "hand_over",
    ),
    _row(
        "not_now",
        ("qualification",),
        "not_now taken_back",
        "meets `not_now`; taken back after a breach",
        "nurturing",
        "warm_up",
    ),
    _row(
        "taken_up",
        ("hand_over",),
        "taken_up won",
        "accepted and a first follow-up logged; or won",
        "deal",
    ),
    _row(
        "handed_back",
        ("hand_over",),
        "rejected lost returned cold offers_exhausted taken_back contact_deleted",
        "rejected; lost or returned; cold after the agreed attempts; no owner left to offer it to; taken back after a breach; deleted in the CRM",
        "nurturing",
        "recycle",
    ),
    _row("won", ("deal",), "won", "won", "nurturing", "growth"),
    _row(
        "lost",
        ("deal",),
        "lost returned rejected taken_back contact_deleted",
        "lost; returned or rejected by sales; taken back after a breach; deleted in the CRM",
        "nurturing",
        "recycle",
    ),
)


_FROM = {stage: tuple(row for row in TABLE if stage in row.from_stages) for row in TABLE for stage in row.from_stages}
"""Rows by the stage that they lead from."""
_MOVES = {stage: frozenset().union(*[row.facts for row in rows]) for stage, rows in _FROM.items()}
"""By the stage, all facts that lead from it."""


def first_fit(stage: Stage | None, facts: frozenset[str] | set[str], entered: set[Stage]) -> Row | None:
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
