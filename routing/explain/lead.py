"""A lead explained: its stage by which definition with which inputs, its owner by which rules, each of its clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from routing.agreement.agreement import Agreement
from routing.calendar.business_time import BusinessCalendar
from routing.explain.assignment import RecordedDecision, conditions_of, explain_assignment, explain_rule, passed_lines
from routing.explain.clock import explain_clock, format_amount, format_instant
from routing.model.records import Clock, Lead
from routing.sla.clocks import QUEUE, SILENT
from routing.sla.own_hours import calendar_of
from schemas.explain import (
    AssignmentExplanation,
    ClockExplanation,
    CustodyView,
    DefinitionView,
    HoldView,
    LeadExplanation,
    RuleView,
    StageExplanation,
)
from schemas.json_values import JsonObject

Agreements = Callable[[str], Agreement | None]
"""The agreement of a hash, None where it is not at hand."""


class Step(NamedTuple):
    """One judged signal of the history. `decision` is its decision as it was recorded."""

    signal_id: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    decision: JsonObject


def explain_lead(lead: Lead, steps: Sequence[Step], agreements: Agreements, now: datetime) -> LeadExplanation:
    """`steps` in the order of decisions."""
    owners = assignments(lead.id, steps, agreements)
    clocks = tuple(
        explain_clock(clock, known_calendar(clock, agreements), now, lead.id)
        for clock in lead.clocks.values()
        if clock.policy not in SILENT
    )
    made = LeadExplanation(
        lead_id=lead.id,
        stage=_stage(lead, steps, agreements),
        owner=lead.owner,
        unowned_reason=lead.unowned_reason,
        assignment=owners[-1] if owners and owners[-1].person == lead.owner else None,
        waits_for=_waits_for(lead, steps, agreements),
        custody=tuple(_custody(lead, steps, owners, now)),
        clocks=clocks,
        limbo=lead.limbo,
        on_hold=HoldView(by=lead.parked, until=lead.parked_until) if lead.parked is not None else None,
        findings=tuple(f for step in steps for f in step.decision["evidence"].get("findings", [])),
        unproven=lead.unproven,
        text="",
    )
    return made.model_copy(update={"text": "\n".join(_lines(made))})


def _waits_for(lead: Lead, steps: Sequence[Step], agreements: Agreements) -> RuleView | None:
    """While the queue's clock runs: what the last look at its pool found."""
    if not any(clock.policy == QUEUE and clock.open for clock in lead.clocks.values()):
        return None
    waits = [(why, step) for step in steps for why in step.decision["evidence"].get("waits", [])]
    if not waits:
        return None
    why, step = waits[-1]
    return explain_rule(why["held"], conditions_of(agreements(step.decision["agreement"]), why.get("route")))


def known_calendar(clock: Clock, agreements: Agreements) -> BusinessCalendar | None:
    """The calendar that a clock was computed on; None where it has none, or its agreement is not at hand."""
    agreement = agreements(clock.agreement)
    return calendar_of(clock, agreement) if agreement is not None else None


def assignments(lead_id: str, steps: Sequence[Step], agreements: Agreements) -> list[AssignmentExplanation]:
    """Everybody who was given the lead, in that order."""
    explained = []
    for step in steps:
        recorded = step.decision
        decision = RecordedDecision(
            lead_id=lead_id,
            signal_id=step.signal_id,
            at=step.recorded_at,
            agreement=recorded["agreement"],
            roster=recorded["roster"],
            made_by=recorded.get("made_by"),
        )
        for evidence in step.decision["evidence"].get("owners", []):
            explained.append(explain_assignment(evidence, decision, agreements(decision.agreement)))
    return explained


def _stage(lead: Lead, steps: Sequence[Step], agreements: Agreements) -> StageExplanation:
    explanation = StageExplanation(
        stage=lead.stage,
        track=lead.track,
        own_track=lead.own_track,
        since=lead.stage_since,
        pass_number=lead.pass_number,
    )
    for step in reversed(steps):
        moves = [move for move in step.decision["transitions"] if move[1] == lead.stage]
        if not moves:
            continue
        evidence, agreement = step.decision["evidence"], agreements(step.decision["agreement"])
        row: JsonObject = next((row for row in evidence.get("rows", []) if row["row"] == moves[-1][2]), {})
        texts = _texts(agreement) if agreement else {}
        definitions = tuple(
            DefinitionView(
                name=name,
                met=d["met"],
                unknown=d.get("unknown"),
                expression=texts.get(name),
                inputs=d.get("inputs", {}),
            )
            for name, d in evidence.get("definitions", {}).items()
        )
        move_facts = {
            "row": moves[-1][2],
            "fact": row.get("fact"),
            "straight": row.get("straight", False),
            "signal_id": step.signal_id,
            "signal_kind": step.kind,
        }
        return explanation.model_copy(update={**move_facts, "definitions": definitions})
    return explanation


def _texts(agreement: Agreement) -> dict[str, str]:
    """What was asked, by the name under which evidence keeps it: definitions, and what lets a lead leave a track."""
    exits = {f"exit:{name}": expression for name, expression in agreement.exits.items()}
    own = {f"track:{track.name}": track.when for track in agreement.own_tracks if track.when is not None}
    return {name: expression.text for name, expression in {**agreement.definitions, **exits, **own}.items()}


def _custody(
    lead: Lead, steps: Sequence[Step], owners: Sequence[AssignmentExplanation], now: datetime
) -> Iterator[CustodyView]:
    """Time in custody, by the instants at which each could know; nobody's time is left out between."""
    turns: list[tuple[datetime, str | None]] = [(g.at, g.person) for g in owners]
    turns += [(s.recorded_at, None) for s in steps for move in s.decision["transitions"] if move[1] == "nurturing"]
    # A lead that waits in a queue is nobody's, whoever had it before.
    turns += [(s.recorded_at, None) for s in steps if s.decision["evidence"].get("waits")]
    ordered = sorted(turns, key=lambda turn: turn[0])
    for i, (at, person) in enumerate(ordered):
        end = ordered[i + 1][0] if i + 1 < len(ordered) else None
        if person is not None and (end is None or end > at):
            until = end or now
            yield CustodyView(person=person, from_=at, to=end, seconds=max(0.0, (until - at) / timedelta(seconds=1)))


def _lines(made: LeadExplanation) -> Iterator[str]:
    stage = made.stage
    names = [name for name in (stage.track, stage.own_track) if name is not None]
    track = f" ({', '.join(names)})" if names else ""
    yield f"{made.lead_id} has been in {stage.stage}{track} since {format_instant(stage.since)}, pass {stage.pass_number}"
    if stage.row:
        because = f" because of {stage.fact}" if stage.fact else ""
        yield f"  by row `{stage.row}`{because}, with {stage.signal_kind} {stage.signal_id}"
    if stage.straight:
        yield "  it passed straight through qualification: the rules judged it, and no SDR was asked"
    for definition in stage.definitions:
        unknown = f", because unknown: {definition.unknown}" if definition.unknown else ""
        yield f"  definition `{definition.name}` was {'met' if definition.met else 'not met'}{unknown}"
        if definition.expression:
            yield f"    {definition.expression}"
        yield from (f"    {name} = {'unknown' if v is None else v}" for name, v in definition.inputs.items())
    yield from _whose(made)
    if made.custody:
        yield "custody:"
    for turn in made.custody:
        yield f"  {turn.person}  {format_instant(turn.from_)} - {format_instant(turn.to) if turn.to else 'now'}  {format_amount(turn.seconds)}"
    for clock in made.clocks:
        yield from _clock(clock)
    yield from (f"finding: {finding}" for finding in made.findings)
    if made.unproven:
        yield f"said by somebody unproven only: {', '.join(made.unproven)}"
    if made.limbo:
        yield f"IN LIMBO: {made.limbo}"


def _whose(made: LeadExplanation) -> Iterator[str]:
    """Who has it or why nobody does, and what it waits for."""
    yield f"owner: {made.owner}" if made.owner else f"nobody has it: {made.unowned_reason}"
    if made.assignment:
        yield from (f"  {line}" for line in made.assignment.text.splitlines())
    if made.on_hold:
        until = f" until {format_instant(made.on_hold.until)}" if made.on_hold.until else ""
        yield f"on hold by {made.on_hold.by}{until}: neither qualified nor handed over"
    if made.waits_for:
        yield f"it waits for somebody of rule `{made.waits_for.rule}`:"
        yield from (line.removeprefix("  ") for line in passed_lines(made.waits_for))


def _clock(clock: ClockExplanation) -> Iterator[str]:
    first, *more = clock.text.splitlines()
    yield f"clock {clock.clock_id}  {first}"
    yield from (f"  {line}" for line in more)
