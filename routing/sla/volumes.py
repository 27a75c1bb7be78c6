"""Volume promises: what a team, a person or the organisation brings in a week, a month, a quarter, as clocks.

A promise has one tally, which is locked and counted as a pool's ledger is. The period's clock starts with the period
and is judged at its end; a late fact corrects what was said. A promise that begins to rule within a period is not judged on
what was before: its first period is the next whole one, or the part that is left, where the file says so. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal, NamedTuple, assert_never

from routing.agreement.agreement import CompiledVolume
from routing.draft import Draft
from routing.model.ids import derive, promise_subject
from routing.model.records import Clock, Emission, Period, Tallied, Tally
from routing.people.recipients import named_people
from routing.people.roster import Roster
from routing.sla.answerable import answerable_for_volume
from routing.sla.periods import (
    Terms,
    earliest_start,
    measured_since,
    next_look,
    period_of,
    rung_at,
    target_of_part,
    warning_points,
)
from schemas import events as e
from schemas.json_values import JsonObject
from schemas.signals import ClockDue, Kind, Mode, Signal
from schemas.volumes import Told as Rung
from schemas.volumes import Volume

PERIODS_KEPT = 4
"""Periods kept with the tally, for facts that come late; the store keeps all clocks."""
_MEETING, _BOOKED = "meeting_booked", Kind.SALES_MEETING_BOOKED
_NAMED: dict[type[e.EventData], Callable[[Any], str]] = {
    e.LeadStageChanged: attrgetter("to_stage"),
    e.LeadDefinitionMet: attrgetter("definition"),
    e.HandoverOffered: lambda _: "offered",
    e.HandoverAccepted: lambda _: "accepted",
    e.HandoverRejected: lambda _: "rejected",
    e.HandoverFollowedUp: lambda _: "followed_up",
    e.HandoverWon: lambda _: "won",
    e.HandoverLost: lambda _: "lost",
    e.HandoverReturned: lambda _: "returned",
}
"""What each event is counted as."""


class TallyResult(NamedTuple):
    """What follows for one promise: its tally and clocks after it, the events, and why nothing did."""

    tally: Tally
    clocks: tuple[Clock, ...] = ()
    emissions: tuple[Emission, ...] = ()
    note: str = ""


# --- what a decision counts for ---------------------------------------------------------------------------------------
def note(draft: Draft) -> None:
    """Notes what this decision counts for; on trial and on day one nothing does."""
    wanted = draft.context.agreement.counted
    if not wanted or not (draft.emissions or draft.signal.kind == _BOOKED):
        return
    facts = _facts(draft, wanted)
    if not facts:
        return
    for compiled in draft.context.agreement.volumes:
        volume = compiled.file
        for counted, good in ((volume.counts, True), (volume.against, False)):
            instants = [at for name, at, person in facts if name == counted and _whose(draft, volume, person)]
            if instants and (compiled.when is None or draft.judge.asks(compiled.when).met):
                draft.tallied += [Tallied(volume.name, good, at) for at in instants]


def _facts(draft: Draft, wanted: frozenset[str]) -> list[tuple[str, datetime, str | None]]:
    """(what is counted, when it was, whose it was) of this decision."""
    facts: list[tuple[str, datetime, str | None]] = []
    for data, at in draft.emissions:
        name_of = _NAMED.get(type(data))
        if name_of is not None and name_of(data) in wanted and data.mode == "live":
            facts.append((name_of(data), at, _person_credited(draft, data)))
    if draft.signal.kind == _BOOKED and draft.signal.mode == "live" and _MEETING in wanted:
        facts.append((_MEETING, draft.at, draft.lead.owner))
    return facts


def _person_credited(draft: Draft, data: e.EventData) -> str | None:
    """Whose doing it counts as. A lead that passed straight through qualification was judged by nobody."""
    if isinstance(data, e.LeadStageChanged) and data.to_stage == "qualification" and draft.straight_through:
        return None
    return data.owner.person if data.owner is not None else draft.lead.owner


def _whose(draft: Draft, volume: Volume, person: str | None) -> bool:
    subject = volume.subject
    if subject is None:
        return True
    member = draft.context.roster.people.get(person or "")
    return member is not None and (member.id == subject.person or (member.team or "") == subject.team)


# --- the tally --------------------------------------------------------------------------------------------------------
def add(tally: Tally, one: Tallied, signal: Signal, terms: Terms) -> TallyResult:
    """Counts one. A fact of a period that was never measured changes nothing."""
    compiled = terms.agreement.volume(one.volume)
    if compiled is None:
        return TallyResult(tally, note=f"{one.volume} is promised no more")
    bounds = period_of(one.at, compiled.file.per, terms.agreement.calendars[compiled.file.calendar].zone)
    key = bounds[0]
    result = (
        TallyResult(tally)
        if key in tally.periods
        else _open(tally, compiled, period=bounds, signal=signal, terms=terms)
    )
    period = result.tally.periods.get(key)
    if period is None or one.at < period.clock.started_at:
        return result._replace(note=f"{one.volume} was not measured then")
    more = {"counted": period.counted + one.good, "against": period.against + (not one.good)}
    latest = max(filter(None, (period.latest_at, one.at)))
    after = period.but(**(more | {"latest_at": latest}))
    return _judge_period(_with_period(result, key, after), key, before=period, signal=signal, terms=terms)


def begin(tally: Tally, name: str, signal: Signal, terms: Terms) -> TallyResult:
    """Begins to measure the period of the signal's instant, where it is not measured yet."""
    compiled = terms.agreement.volume(name)
    if compiled is None:
        return TallyResult(tally)
    zone = terms.agreement.calendars[compiled.file.calendar].zone
    period = period_of(signal.occurred_at, compiled.file.per, zone)
    return (
        TallyResult(tally)
        if period[0] in tally.periods
        else _open(tally, compiled, period=period, signal=signal, terms=terms)
    )


def fall_due(tally: Tally, due: ClockDue, terms: Terms) -> TallyResult:
    """What the watcher announced: a warning point, the end of the period, a rung of the ladder."""
    key = next((key for key, period in tally.periods.items() if period.clock.id == due.clock_id), None)
    if key is None:
        return TallyResult(tally, note="the clock is not kept any more")
    period = tally.periods[key]
    clock = period.clock
    if clock.revision != due.revision or clock.next_at is None:
        return TallyResult(tally, note="the clock is over, or was changed since")
    volume = _volume(clock, terms)
    if volume is None:
        return _with_clock(TallyResult(tally), key, clock.but(next_at=None))
    if clock.state == "running" and due.due_at < clock.due_at:
        return _warn(TallyResult(tally), key, due=due, volume=volume, terms=terms)
    result = TallyResult(tally)
    if clock.state == "running":
        result = _end(result, key, due, volume)
    return _climb(result, key, due=due, volume=volume, terms=terms)


def _open(
    tally: Tally, compiled: CompiledVolume, period: tuple[str, datetime, datetime], signal: Signal, terms: Terms
) -> TallyResult:
    """Starts the period's clock, where the period is the one of now and the promise is measured in it."""
    key, first, end = period
    if not first <= terms.now < end:
        return TallyResult(tally)
    volume, measured = compiled.file, tally.since or earliest_start(tally)
    since = measured_since(volume.name, measured, signal.received_at, terms)
    tally, start = tally.but(since=since), max(first, since)
    part = None if start == first else target_of_part(volume, (first, start, end), terms)
    if start > first and part is None:
        return TallyResult(tally, note=f"{volume.name} is first judged in the period that begins at {end.isoformat()}")
    clock = _clock(volume, (key, start, end), signal, terms)
    if part is not None and volume.share is None:
        clock = clock.but(
            target=f"{part} {volume.counts} until the end of the {volume.per} ({volume.promise}, pro rata)"
        )
    if measured is None:
        # Whatever would have been said before the promise was measured is not said afterwards.
        clock = clock.but(warnings_done=sum(at <= terms.now for at, _ in warning_points(clock, volume, terms)))
    opened = Period(clock=clock, at_least=None if volume.share else part)
    known_periods = dict(sorted({**tally.periods, key: opened}.items())[-PERIODS_KEPT:])
    result = _with_event(TallyResult(tally.but(periods=known_periods)), e.SlaStarted(**_event_fields(opened)), start)
    return _with_clock(result, key, clock.but(next_at=next_look(clock, volume, terms)))


def _clock(volume: Volume, period: tuple[str, datetime, datetime], signal: Signal, terms: Terms) -> Clock:
    key, start, end = period
    subject, name = volume.subject, promise_subject(volume.name)
    return Clock(
        id=derive("clk", name, key),
        policy=volume.name,
        metric="volume" if volume.share is None else "share",
        subject_kind="organisation" if subject is None else "team" if subject.team else "person",
        subject_id=(subject.team or subject.person or "") if subject else terms.agreement.organisation,
        started_at=start,
        target=volume.promise,
        calendar=volume.calendar,
        due_at=end,
        mode=signal.mode,
        agreement=terms.agreement.hash,
        cause=signal.id,
        side=volume.side,
        person=subject.person if subject else None,
        answerable=answerable_for_volume(volume, terms.agreement, terms.roster),
    )


def _judge_period(result: TallyResult, key: str, before: Period, signal: Signal, terms: Terms) -> TallyResult:
    """A count that is reached is kept at once; the verdict on a period that is over may have to be corrected."""
    period = result.tally.periods[key]
    clock, volume = period.clock, _volume(period.clock, terms)
    if volume is None or (clock.state == "fulfilled" and volume.share is None):
        return result
    state = _verdict(period, volume)
    if clock.state == "running":
        if volume.share is not None or state != "fulfilled":
            return result
        ended = period.latest_at or signal.occurred_at
        kept = clock.but(state="fulfilled", ended_at=ended, next_at=None)
        result = _with_clock(result, key, kept)
        fields = _event_fields(result.tally.periods[key])
        return _with_event(result, e.SlaFulfilled(**fields, fulfilled_at=ended), ended)
    if state == clock.state:
        return result
    reached = clock.due_at if volume.share is not None else period.latest_at
    ended_at = reached if state == "fulfilled" else clock.due_at
    result = _with_clock(result, key, clock.but(state=state, ended_at=ended_at, next_at=None))
    return _with_event(
        result,
        e.SlaCorrected(
            **_event_fields(result.tally.periods[key]),
            old=clock.state,
            new=state,
            fulfilled_at=ended_at if state == "fulfilled" else None,
            cause=signal.id,
            old_due_at=clock.due_at,
            old_fulfilled_at=clock.ended_at if clock.state == "fulfilled" else None,
        ),
        terms.now,
    )


def _verdict(period: Period, volume: Volume) -> Literal["fulfilled", "breached", "cancelled"]:
    """Of a period that is over."""
    if volume.share is None:
        least = volume.at_least or 0 if period.at_least is None else period.at_least
        return "fulfilled" if period.counted >= least else "breached"
    everything = period.counted + period.against
    if not everything:
        return "cancelled"
    return "fulfilled" if period.counted >= volume.share * everything else "breached"


def _end(result: TallyResult, key: str, due: ClockDue, volume: Volume) -> TallyResult:
    period = result.tally.periods[key]
    clock, state = period.clock, _verdict(period, volume)
    ended = clock.but(state=state, ended_at=clock.due_at, next_at=None)
    result = _with_clock(result, key, ended)
    fields = _event_fields(result.tally.periods[key])
    match state:
        case "breached":
            return _with_event(
                result, e.SlaBreached(**fields, noticed_at=max(due.noticed_at, clock.due_at)), clock.due_at
            )
        case "fulfilled":
            return _with_event(result, e.SlaFulfilled(**fields, fulfilled_at=clock.due_at), clock.due_at)
        case "cancelled":
            return _with_event(result, e.SlaCancelled(**fields, reason="nothing_to_count"), clock.due_at)
        case _:
            assert_never(state)


def _warn(result: TallyResult, key: str, due: ClockDue, volume: Volume, terms: Terms) -> TallyResult:
    points = warning_points(result.tally.periods[key].clock, volume, terms)
    for number, (at, before) in enumerate(points, start=1):
        clock = result.tally.periods[key].clock
        if number <= clock.warnings_done or at > due.due_at:
            continue
        result = _with_clock(result, key, clock.but(warnings_done=number))
        if due.noticed_at < clock.due_at:
            fields = _event_fields(result.tally.periods[key]) | {"warning": number, "before": before, "warned_at": at}
            result = _with_event(result, e.SlaWarned(**fields, noticed_at=due.noticed_at), at)
    clock = result.tally.periods[key].clock
    return _with_clock(result, key, clock.but(next_at=next_look(clock, volume, terms)))


def _climb(result: TallyResult, key: str, due: ClockDue, volume: Volume, terms: Terms) -> TallyResult:
    """Takes each rung of a breach that is due by now."""
    clock = result.tally.periods[key].clock
    while clock.state == "breached" and clock.rungs_done < len(volume.ladder):
        rung, at = volume.ladder[clock.rungs_done], rung_at(clock, volume, terms)
        if at > max(due.due_at, clock.due_at):
            return _with_clock(result, key, clock.but(next_at=at))
        result = _with_clock(result, key, clock.but(rungs_done=clock.rungs_done + 1, next_at=None))
        clock = result.tally.periods[key].clock
        people = _people_to_tell(rung, volume, terms)
        fields = _event_fields(result.tally.periods[key]) | {
            "rung": clock.rungs_done,
            "action": rung.do,
            "outcome": "done",
            "to": terms.roster.owners(people),
            "channel": rung.channel,
        }
        result = _with_event(result, e.SlaEscalated(**fields, escalated_at=at), at)
    return result


def _people_to_tell(rung: Rung, volume: Volume, terms: Terms) -> tuple[str, ...]:
    if rung.to:
        return named_people(rung.to, lambda: _above(volume, terms))
    match rung.do:
        case "notify":
            return _promisers(volume, terms.roster)
        case "escalate":
            return terms.roster.active_with("manager")
        case _:
            assert_never(rung.do)


def _above(volume: Volume, terms: Terms) -> tuple[str, ...]:
    """The manager of the team or the person that promised it."""
    subject, roster = volume.subject, terms.roster
    if subject is not None and subject.team is not None:
        return roster.above_team(subject.team, terms.now)
    return roster.above(subject.person if subject is not None else None, terms.now)


def _promisers(volume: Volume, roster: Roster) -> tuple[str, ...]:
    """Those who promised it: the person, the team, else everybody of the side."""
    subject = volume.subject
    if subject is not None and subject.person is not None:
        return (subject.person,)
    if subject is not None and subject.team is not None:
        return tuple(member.id for member in roster.team_of(subject.team))
    return roster.active_with(volume.side)


def _volume(clock: Clock, terms: Terms) -> Volume | None:
    compiled = terms.of(clock).volume(clock.policy)
    return compiled.file if compiled is not None else None


# --- what is put and said ---------------------------------------------------------------------------------------------
def _with_period(result: TallyResult, key: str, period: Period) -> TallyResult:
    return result._replace(tally=result.tally.but(periods={**result.tally.periods, key: period}))


def _with_clock(result: TallyResult, key: str, clock: Clock) -> TallyResult:
    """The clock after one change more."""
    period = result.tally.periods[key]
    changed = clock.but(revision=period.clock.revision + 1)
    kept = [c for c in result.clocks if c.id != clock.id]
    return _with_period(result, key, period.but(clock=changed))._replace(clocks=(*kept, changed))


def _with_event(result: TallyResult, data: e.EventData, at: datetime) -> TallyResult:
    return result._replace(emissions=(*result.emissions, Emission(data, at)))


def _event_fields(period: Period) -> JsonObject:
    clock = period.clock
    mode: Mode = clock.mode
    return {
        "mode": mode,
        "clock_id": clock.id,
        "policy": clock.policy,
        "metric": clock.metric,
        "subject_kind": clock.subject_kind,
        "subject_id": clock.subject_id,
        "team": clock.subject_id if clock.subject_kind == "team" else None,
        "started_at": clock.started_at,
        "target": clock.target,
        "due_at": clock.due_at,
        "side": clock.side,
        "answerable": clock.answerable,
        "counted": period.counted,
        "counted_against": period.against if clock.metric == "share" else None,
    }
