"""Hand-overs: what was offered, what became of it, and for which reasons it was rejected."""

from __future__ import annotations

from collections.abc import Iterator

from routing.forum.counting.flow import NONE
from routing.forum.frame import Frame
from routing.forum.story import COUNTS, Story
from routing.forum.tally import Count, Query
from schemas.events import (
    EventData,
    HandoverAccepted,
    HandoverExpired,
    HandoverFollowedUp,
    HandoverLost,
    HandoverOffered,
    HandoverRejected,
    HandoverReturned,
    HandoverWithdrawn,
    HandoverWon,
)
from schemas.words import reason_key


def _name_of(data: EventData) -> str | None:
    """What the event is counted as; None for one that is not counted here."""
    match data:
        case HandoverOffered(offer_number=number):
            return "offered" if number == 1 else "offered_again"
        case HandoverAccepted():
            return "accepted"
        case HandoverRejected():
            return "rejected"
        case HandoverExpired():
            return "expired"
        case HandoverWithdrawn():
            return "withdrawn"
        case HandoverFollowedUp():
            return "followed_up"
        case HandoverReturned():
            return "returned"
        case HandoverLost():
            return "lost"
        case HandoverWon():
            return "won"
        case _:
            return None


def count_handovers(story: Story, frame: Frame) -> Iterator[Count]:
    """Each event of a hand-over; in the report's week by the person it was offered to as well."""
    for event in story.events:
        name, week = _name_of(event.data), frame.week_of(event.at)
        if name is None or week is None or event.mode != COUNTS:
            continue
        yield Count(Query("handovers", week, (name,)), (event.id,))
        if week != frame.week.name:
            continue
        person = event.data.owner.person if event.data.owner is not None else NONE
        yield Count(Query("handovers_by_person", week, (person, name)), (event.id,))
        if isinstance(event.data, HandoverRejected):
            labels = (reason_key(event.data.reason) or NONE, event.data.criterion or NONE)
            yield Count(Query("rejections", week, labels), (event.id,))
