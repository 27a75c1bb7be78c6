"""How good the definitions are, and what was noted: by criterion and by content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from routing.forum.counting.finders import content_before, found_by
from routing.forum.counting.flow import NONE
from routing.forum.frame import QUARTER_NAME, Frame
from routing.forum.story import COUNTS, Event, Story
from routing.forum.tally import Count, Query
from schemas.events import HandoverAccepted, HandoverOffered, HandoverRejected
from schemas.signals import Kind
from schemas.words import reason_key

DEFINITION = "sales_qualified"
"""What a hand-over was qualified by, where it was the definition and nobody's tag or meeting."""
UNFIT = "not_qualified"


class _Answer(NamedTuple):
    """What a hand-over came to: the fact that qualified it, the content that it came by, and the last answer."""

    fact: str
    content: str
    accepted: bool
    event: Event


def count_precision(story: Story, frame: Frame) -> Iterator[Count]:
    """Hand-overs that were answered in the quarter: taken or rejected, by what qualified them, by content and by criterion."""
    for answer in _answers(story):
        if not frame.is_in(QUARTER_NAME, answer.event.at):
            continue
        verdict, ids = "taken" if answer.accepted else "rejected", (answer.event.id,)
        yield Count(Query("answered", QUARTER_NAME, (verdict,)), ids)
        yield Count(Query("answered_by_fact", QUARTER_NAME, (answer.fact, verdict)), ids)
        yield Count(Query("answered_by_content", QUARTER_NAME, (answer.content, verdict)), ids)
        data = answer.event.data
        if isinstance(data, HandoverRejected):
            criterion = data.criterion or (
                NONE if reason_key(data.reason) == UNFIT else reason_key(data.reason) or NONE
            )
            yield Count(Query("failed", QUARTER_NAME, (criterion,)), ids)
            yield Count(Query("failed_by_content", QUARTER_NAME, (answer.content, criterion)), ids)


def _answers(story: Story) -> list[_Answer]:
    """Of each hand-over the last acceptance or rejection: who accepts, calls and then rejects has found out more."""
    facts: dict[str, tuple[str, str]] = {}
    answers: dict[str, _Answer] = {}
    for event in story.events:
        data = event.data
        if isinstance(data, HandoverOffered) and data.handover_id not in facts:
            why = data.qualification
            at = why.at if why is not None else event.at
            facts[data.handover_id] = (why.fact if why is not None else NONE, content_before(story, at))
        elif isinstance(data, HandoverAccepted | HandoverRejected) and event.mode == COUNTS:
            fact, content = facts.get(data.handover_id, (NONE, NONE))
            accepted = isinstance(data, HandoverAccepted)
            answers[data.handover_id] = _Answer(fact, content, accepted, event)
    return list(answers.values())


Way = Literal["definition", "people"]
OWN_PROSPECT = "own_prospect"
"""What is said instead of a fact where sales found the lead itself."""


def count_recall(story: Story, frame: Frame) -> Iterator[Count]:
    """Leads that sales took up in the quarter: whether the definition found them, or people did, and how these found them; by content, and
    by the criterion that the lead had failed before."""
    fact, content = NONE, NONE
    offers = {event.id: data for event, data in story.of(HandoverOffered)}
    moves = {move.id: move for move in story.moves() if move.mode == COUNTS}
    for event in story.events:
        if (offer := offers.get(event.id)) is not None and offer.qualification is not None:
            fact, content = offer.qualification.fact, content_before(story, offer.qualification.at)
        move = moves.get(event.id)
        if move is None or move.target != "deal" or not frame.is_in(QUARTER_NAME, move.at):
            continue
        is_own = found_by(story) == "sales"
        way: Way = "definition" if fact == DEFINITION and not is_own else "people"
        yield Count(Query("good", QUARTER_NAME, (way,)), (move.id,))
        yield Count(Query("good_by_content", QUARTER_NAME, (content, way)), (move.id,))
        yield Count(Query("good_by_criterion", QUARTER_NAME, (_criterion(story, move.at), way)), (move.id,))
        if way == "people":
            yield Count(Query("found_by_people", QUARTER_NAME, (OWN_PROSPECT if is_own else fact,)), (move.id,))


def count_notes(story: Story, frame: Frame) -> Iterator[Count]:
    """Notes of the week: whose stage it was, which content the lead came by, which criterion it had failed. Their words stay with
    the lead, where the reader's rights decide."""
    for heard in story.signals:
        if heard.kind == Kind.NOTE_ADDED and heard.mode == COUNTS and frame.week_of(heard.at) == frame.week.name:
            labels = (_worker(story, heard.at), content_before(story, heard.at), _criterion(story, heard.at))
            yield Count(Query("notes", frame.week.name, labels), (heard.id,))


def _worker(story: Story, at: datetime) -> str:
    """Who works a lead in the stage that it was in then."""
    stages = [move.target for move in story.moves() if move.at <= at]
    match stages[-1] if stages else "contact":
        case "hand_over" | "deal":
            return "sales"
        case "qualification":
            return "sdr"
        case _:
            return "marketing"


def _criterion(story: Story, at: datetime) -> str:
    failed = [d.criterion for e, d in story.of(HandoverRejected) if d.criterion is not None and e.at <= at]
    return failed[-1] if failed else NONE
