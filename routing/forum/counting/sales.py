"""Meetings, opportunities, customers and what is open: what the process brings."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal

from routing.forum.counting.finders import found_by
from routing.forum.counting.flow import NONE
from routing.forum.frame import Frame
from routing.forum.story import COUNTS, Story
from routing.forum.tally import Count, Query
from schemas.events import HandoverWon, LeadDefinitionMet, LeadDispositionChanged
from schemas.signals import Kind

_MEETINGS: dict[str, str] = {
    Kind.SALES_MEETING_BOOKED: "booked",
    Kind.SALES_MEETING_HELD: "held",
    Kind.SALES_MEETING_CANCELLED: "cancelled",
}
OPEN = frozenset({"hand_over", "deal"})
"""Stages of leads that are in the pipeline."""


def hundredths(amount: float) -> int:
    """An amount of money in hundredths of its currency, a half to the even one."""
    return int((Decimal(repr(amount)) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


def count_meetings(story: Story, frame: Frame) -> Iterator[Count]:
    """Meetings by when their signal happened."""
    for heard in story.signals:
        what = _MEETINGS.get(heard.kind)
        if what is not None and heard.mode == COUNTS:
            for span in frame.all_of(heard.at):
                yield Count(Query("meetings", span, (what,)), (heard.id,))


def count_milestones(story: Story, frame: Frame) -> Iterator[Count]:
    """Definitions that were met, and hand-overs that began; opportunities by where they came from and who found them."""
    for event, data in story.of(LeadDefinitionMet):
        for span in frame.all_of(event.at):
            yield Count(Query("definition_met", span, (data.definition,)), (event.id,))
            if data.definition == "opportunity":
                source = story.beginning[1].source if story.beginning is not None else NONE
                yield Count(Query("opportunities_by_source", span, (source,)), (event.id,))
                yield Count(Query("opportunities_by_side", span, (found_by(story),)), (event.id,))
    for move in story.moves():
        if move.target == "hand_over" and move.mode == COUNTS:
            for span in frame.all_of(move.at):
                yield Count(Query("hand_overs", span), (move.id,))


def count_sales(story: Story, frame: Frame) -> Iterator[Count]:
    """Customers by their first sale, revenue by every one."""
    for number, (event, data) in enumerate(story.of(HandoverWon)):
        for span in frame.all_of(event.at):
            if number == 0:
                yield Count(Query("customers", span), (event.id,))
            if data.amount is None:
                yield Count(Query("sales_without_amount", span), (event.id,))
            else:
                labels = (data.currency or NONE,)
                yield Count(Query("revenue", span, labels), (event.id,), amount=hundredths(data.amount))
                yield Count(Query("sales_with_amount", span, labels), (event.id,))


def count_pipeline(story: Story, frame: Frame) -> Iterator[Count]:
    """An open hand-over or deal at the end of the week, with the last amount that somebody named in this pass."""
    moves = story.moves()
    if not moves or moves[-1].target not in OPEN or story.is_merged_away:
        return
    changes = [e.data.to_disposition for e in story.events if isinstance(e.data, LeadDispositionChanged)]
    if changes and changes[-1] != "active":
        return
    begin = max((move.at for move in moves if move.target == "nurturing"), default=None)
    named = [h for h in story.signals if h.facts.amount is not None and (begin is None or h.at >= begin)]
    week, last = frame.week.name, moves[-1]
    if not named:
        yield Count(Query("open_without_amount", week), (last.id,))
        return
    heard = max(named, key=lambda h: (h.at, h.id))
    labels = (heard.facts.currency or NONE,)
    yield Count(Query("open_with_amount", week, labels), (last.id,))
    yield Count(Query("pipeline", week, labels), (heard.id,), amount=hundredths(heard.facts.amount or 0.0))
