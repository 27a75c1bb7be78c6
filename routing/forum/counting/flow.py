"""Leads in, the stages that they entered, how far those of a week came, and where they stand at the end of the week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from routing.forum.counting.company import segments_of
from routing.forum.frame import Frame
from routing.forum.story import COUNTS, Move, Story
from routing.forum.tally import Count, Query
from schemas.events import LeadDispositionChanged, LeadOwnerChanged, LeadParked, LeadQueued, LeadUnparked, Stage
from schemas.signals import Kind

NONE = "-"
"""The label of what is not known."""
WORKED: frozenset[Stage] = frozenset({"prospecting", "contact", "qualification", "hand_over", "deal"})
"""Stages in which somebody is expected to do something; a lead may rest in nurturing."""


def count_leads_in(story: Story, frame: Frame) -> Iterator[Count]:
    """One that came in, by its source and by the segments of its company."""
    if story.beginning is None or story.is_merged_away:
        return
    event, data = story.beginning
    week = frame.week_of(event.at)
    if week is None:
        return
    yield Count(Query("leads_in", week), (event.id,))
    if week == frame.week.name:
        yield Count(Query("leads_in_by_source", week, (data.source,)), (event.id,))
        for segment in segments_of(story, frame) or [NONE]:
            yield Count(Query("leads_in_by_segment", week, (segment,)), (event.id,))


def count_stages(story: Story, frame: Frame) -> Iterator[Count]:
    """Each stage that was entered."""
    for move in story.moves():
        if move.mode == COUNTS and (week := frame.week_of(move.at)) is not None:
            yield Count(Query("entered", week, (move.target,)), (move.id,))


def count_journey(story: Story, frame: Frame) -> Iterator[Count]:
    """How far a lead came in its first pass, by the week in which it came in, and how long each step took."""
    if story.beginning is None or story.is_merged_away:
        return
    event, _ = story.beginning
    week = frame.week_of(event.at)
    if week is None:
        return
    yield Count(Query("journeys", week), (event.id,))
    moves = _first_pass(story)
    entered: dict[Stage, str] = {}
    for move in moves:
        entered.setdefault(move.target, move.id)
    for stage, ident in entered.items():
        yield Count(Query("reached", week, (stage,)), (ident,))
    for before, after in zip(moves, moves[1:], strict=False):
        seconds = _seconds(before.at, after.at)
        yield Count(Query("step_time", week, (before.target, after.target)), (after.id,), seconds=seconds)
    booked = next((heard for heard in story.signals if heard.kind == Kind.SALES_MEETING_BOOKED), None)
    if booked is not None and booked.mode == COUNTS:
        yield Count(Query("reached", week, ("meeting",)), (booked.id,))


def _first_pass(story: Story) -> list[Move]:
    """The moves until it went to nurturing for the first time, that one included."""
    moves = story.moves()
    end = next((i for i, move in enumerate(moves) if move.target == "nurturing"), len(moves))
    return moves[: end + 1]


def _seconds(begin: datetime, end: datetime) -> int:
    """Whole seconds; a late fact may lie before what it followed."""
    return max(0, int((end - begin).total_seconds()))


def count_standing(story: Story, frame: Frame) -> Iterator[Count]:
    """Where the lead stands at the end of the week, for how long, and whether it is stuck there."""
    moves = story.moves()
    if not moves or story.is_merged_away or not _is_active(story):
        return
    last = moves[-1]
    if last.target not in WORKED:
        return
    week, seconds = frame.week.name, _seconds(last.at, frame.week.end)
    yield Count(Query("standing", week, (last.target,)), (last.id,), seconds=seconds)
    if frame.week.end - last.at > frame.stuck_after:
        yield Count(Query("stuck", week, (last.target,)), (last.id,), seconds=seconds)
    yield from _waiting(story, frame)


def _is_active(story: Story) -> bool:
    changes = [e.data.to_disposition for e in story.events if isinstance(e.data, LeadDispositionChanged)]
    return not changes or changes[-1] == "active"


def _waiting(story: Story, frame: Frame) -> Iterator[Count]:
    """A lead that waits in a queue, or that somebody lets rest."""
    queue, rest = None, None
    for event in story.events:
        match event.data:
            case LeadQueued(route=route, pool=pool):
                queue = (event, f"{route}/{pool}")
            case LeadOwnerChanged():
                queue = None
            case LeadParked():
                rest = event
            case LeadUnparked():
                rest = None
            case _:
                continue
    week = frame.week
    if queue is not None:
        event, name = queue
        yield Count(Query("queued", week.name, (name,)), (event.id,), seconds=_seconds(event.at, week.end))
    if rest is not None:
        yield Count(Query("on_hold", week.name), (rest.id,), seconds=_seconds(rest.at, week.end))
