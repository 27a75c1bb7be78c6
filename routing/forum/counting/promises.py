"""Promises of both sides: the last word on each clock, kept at its instant or broken when it was due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple, assert_never

from routing.forum.counting.flow import NONE
from routing.forum.frame import Frame
from routing.forum.story import COUNTS, Event, Story
from routing.forum.tally import Count, Query
from schemas.events import EventData, SlaBreached, SlaCancelled, SlaCorrected, SlaFulfilled

Verdict = Literal["kept", "broken"]
_Judged = SlaFulfilled | SlaBreached | SlaCorrected


class _Outcome(NamedTuple):
    verdict: Verdict
    at: datetime
    event: Event


def count_promises(story: Story, frame: Frame) -> Iterator[Count]:
    """Each clock that came to a verdict; in the report's week by team, person and policy as well."""
    for outcome in _last_words(story).values():
        week, data = frame.week_of(outcome.at), outcome.event.data
        if week is None or not isinstance(data, _Judged):
            continue
        side, ids = data.side or NONE, (outcome.event.id,)
        yield Count(Query("promises", week, (side, outcome.verdict)), ids)
        if week == frame.week.name:
            labels = (side, *_team_and_person(data), data.policy, outcome.verdict)
            yield Count(Query("promises_by_person", week, labels), ids)


def _team_and_person(data: _Judged) -> tuple[str, str]:
    """Who answers for it. A promise of sales is its lead's owner's at that time; one of marketing is nobody's by name unless the event
    says whose, and never the owner's, who got the lead from marketing. Events of before say of a volume whose it is by their subject."""
    if (answerable := data.answerable) is not None:
        return answerable.team or NONE, answerable.person or NONE
    match data.subject_kind:
        case "lead" | "offer":
            if data.side == "marketing":
                return NONE, NONE
            return data.team or NONE, data.owner.person if data.owner is not None else NONE
        case "team":
            return data.subject_id, NONE
        case "person":
            return data.team or NONE, data.subject_id
        case "organisation":
            return NONE, NONE
        case _:
            assert_never(data.subject_kind)


def _last_words(story: Story) -> dict[str, _Outcome]:
    """By clock; one that was cancelled, or of which a correction says that it still runs, has none."""
    words: dict[str, _Outcome] = {}
    for event in story.events:
        if event.mode != COUNTS or not isinstance(event.data, SlaFulfilled | SlaBreached | SlaCancelled | SlaCorrected):
            continue
        outcome = _outcome_of(event, event.data)
        if outcome is not None:
            words[event.data.clock_id] = outcome
        else:
            words.pop(event.data.clock_id, None)
    return words


def _outcome_of(event: Event, data: EventData) -> _Outcome | None:
    match data:
        case SlaFulfilled(fulfilled_at=at):
            return _Outcome("kept", at, event)
        case SlaBreached(due_at=at):
            return _Outcome("broken", at, event)
        case SlaCorrected(new="fulfilled", fulfilled_at=kept_at) if kept_at is not None:
            return _Outcome("kept", kept_at, event)
        case SlaCorrected(new="breached", due_at=at):
            return _Outcome("broken", at, event)
        case _:
            return None
