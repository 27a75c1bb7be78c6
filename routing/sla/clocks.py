"""SLA clocks: started, paused, resumed, warned, fulfilled, breached, cancelled, corrected.

Every fact is put on the clocks it concerns and their verdict computed again (`routing.sla.verdict`); this module tells what
changed. So a late fact corrects what was said before, and each breach is said once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.agreement.agreement import Agreement
from routing.agreement.policies import CompiledPolicy
from routing.calendar.business_time import BusinessCalendar
from routing.draft import Draft
from routing.lead import dossier, steps
from routing.model.ids import derive
from routing.model.records import Away, Clock, Step
from routing.people.roster import Roster
from routing.sla.answerable import with_answerable
from routing.sla.events import Cause, Reason, event_fields, offered_to_owner_at, tell_verdict_change
from routing.sla.own_hours import calendar_of, hours_of
from routing.sla.verdict import Gap, absences_of, next_look, rung_at, warning_points, with_verdict
from schemas.events import SlaWarned
from schemas.signals import ClockDue
from schemas.sla import PERSONAL, Policy

OFFER_EXPIRY = "offer_expiry"
QUEUE = "queue"
DIALOGUE_END = "dialogue_end"
HOLD_END = "hold_end"
WAKE = "wake"
SILENT = (OFFER_EXPIRY, QUEUE, DIALOGUE_END, HOLD_END, WAKE)
"""Names of the clocks that end an offer, waiting in a queue, a dialogue or a hold, or by which a lead is asked again; they are no
promises, so nothing is breached and no SLA event is emitted."""
WATCHED = (QUEUE, DIALOGUE_END, HOLD_END, WAKE)
"""Those that what comes of them ends."""

COARSE = timedelta(seconds=1)
"""Many CRMs cut instants to the second: a touch in the second in which a clock started is after its start."""
MARKS_KEPT = 32
"""Touches kept of each metric, so that a clock that a late fact starts finds what kept it already."""
ENDED_KEPT = 12
"""Ended clocks kept with the lead for late facts; the store keeps all."""


def start(
    draft: Draft,
    compiled: CompiledPolicy,
    subject_id: str,
    at: datetime,
    *,
    counts_from: datetime | None = None,
    by: str | None = None,
) -> Clock | None:
    """Starts the clock of a policy at `at`, where its condition holds and this very clock did not start already.

    `by` tells clocks of one subject apart. Touches that are known already and lie after it count.
    """
    policy = compiled.file
    if draft.signal.mode == "import" or not _applies(draft, compiled):
        return None
    ident = derive("clk", policy.name, subject_id, *([by] if by else []))
    if ident in draft.lead.clocks:
        return None
    clock = Clock(
        id=ident,
        policy=policy.name,
        metric=policy.metric,
        subject_kind="offer" if policy.starts in ("offer", "acceptance") else "lead",
        subject_id=subject_id,
        started_at=at,
        due_at=at,
        target=policy.target.text,
        calendar=policy.calendar,
        mode=draft.signal.mode,
        agreement=draft.context.agreement.hash,
        cause=draft.signal.id,
        side=policy.promised_by,
        person=draft.lead.owner if policy.starts in PERSONAL else None,
        counts_from=counts_from or at - COARSE,
    )
    if draft.lead.marks:
        clock = with_known_touch(draft, clock, policy)
    if policy.metric == "dossier" and not dossier.missing(draft.lead, draft.context.agreement):
        clock = clock.but(touched_at=at)
    settle(draft, None, clock, "late_fact")
    return draft.lead.clocks[ident]


def start_at(draft: Draft, compiled: CompiledPolicy, subject_id: str, at: datetime) -> None:
    """Starts the clock of a policy; where it runs since later than `at`, it began at `at`."""
    running = draft.lead.clocks.get(derive("clk", compiled.name, subject_id))
    if running is None:
        start(draft, compiled, subject_id, at)
    elif at < running.started_at:
        earlier = running.but(started_at=at, counts_from=at - COARSE)
        settle(draft, running, with_known_touch(draft, earlier, compiled.file), "late_fact")


def _applies(draft: Draft, compiled: CompiledPolicy) -> bool:
    if compiled.when is None:
        return True
    # What starts at a stage, or with an offer there, is promised for the way on which the lead came.
    at_hand = compiled.file.starts in ("signal", "acceptance")
    finding = (draft.judge if at_hand else draft.judge_of_way).asks(compiled.when)
    evidence = {"met": finding.met} | ({"unknown": finding.unknown} if finding.unknown else {})
    draft.evidence.setdefault("policies", {})[compiled.name] = evidence
    return finding.met


def with_known_touch(draft: Draft, clock: Clock, policy: Policy) -> Clock:
    lead = draft.lead
    for_it = [
        at
        for key in (policy.metric, policy.name)
        for at in (
            lead.marks.get(key, ()) if clock.person is None else steps.instants_for_person(lead, key, clock.person)
        )
    ]
    counting = [at for at in for_it if _is_counted(clock, at)]
    return clock.but(touched_at=_not_before(clock, min(counting))) if counting else clock


def touch(
    draft: Draft,
    metric: str,
    at: datetime,
    subject_id: str | None = None,
    *,
    by: str | None = None,
    recurs: bool = True,
) -> None:
    """A genuine fact of this metric (or for the policy of this name) happened at `at`; the earliest keeps the promise.

    Clocks that started by then take it, ended ones too: so a breach that was none is corrected, whenever that comes out.
    `by` is who did it, where that is known: it keeps no other person's promise.
    """
    if subject_id is None:
        steps.note(draft.lead, Step(what=metric, at=at, by=by))
        instants = sorted({*draft.lead.marks.get(metric, ()), at})[-MARKS_KEPT:]
        draft.lead.marks = {**draft.lead.marks, metric: tuple(instants)}
    for clock in list(draft.lead.clocks.values()):
        if metric != clock.metric and metric != clock.policy:
            continue
        if (subject_id is not None and subject_id != clock.subject_id) or not steps.may_keep(clock, by):
            continue
        kept_at = _not_before(clock, at)
        if _is_counted(clock, at) and (clock.touched_at is None or kept_at < clock.touched_at):
            touched = clock.but(touched_at=kept_at, touched_by=draft.signal.id)
            settle(draft, clock, touched, "late_fact")
    if recurs:
        _start_next_step_clocks(draft, metric, at, by)


def _start_next_step_clocks(draft: Draft, metric: str, at: datetime, by: str | None) -> None:
    """Starts the clock for the next step with each step of the owner, while a deal is open."""
    lead = draft.lead
    if metric != "follow_up" or lead.stage != "deal" or at <= lead.stage_since or by not in (None, lead.owner):
        return
    for policy in draft.context.agreement.policies.recurring:
        start(draft, policy, subject_of(draft), at, counts_from=at, by=draft.signal.id)


def subject_of(draft: Draft) -> str:
    """The lead's pass, as clocks name it."""
    return f"{draft.lead.id}.{draft.lead.pass_number}"


def enter(draft: Draft, stage: str) -> None:
    """Starts the clocks that start with entering this stage, hand-overs and offers apart."""
    at = draft.lead.stage_since
    for policy in draft.context.agreement.policies.starting(stage):
        start(draft, policy, subject_of(draft), at, counts_from=at if policy.file.recurs else None)


def fall_due(draft: Draft, due: ClockDue) -> Clock | None:
    """What the watcher announced: a warning point, the due instant, a rung of the ladder. None when it is over already.

    The verdict is computed again first: somebody may be away by now, or back.
    """
    clock = draft.lead.clocks.get(due.clock_id)
    if clock is None or clock.revision != due.revision or clock.next_at is None:
        draft.ignore("no_change", "the clock is over, or was changed since")
        return None
    if clock.policy in WATCHED:
        return clock
    if clock.policy == OFFER_EXPIRY:
        ended = {"state": "fulfilled", "ended_at": clock.due_at, "next_at": None, "revision": clock.revision + 1}
        draft.put_clock(clock.but(**ended))
        return draft.lead.clocks[clock.id]
    settle(draft, clock, clock, "policy", announced=due)
    return draft.lead.clocks[clock.id]


def look_again(draft: Draft, clock_id: str) -> None:
    """Computes, after a rung was taken, when the next one is."""
    clock = draft.lead.clocks[clock_id]
    settle(draft, clock, clock, "policy")


def restart_recurring(draft: Draft) -> None:
    """Moves the next step of a deal to its new owner: the former owner's clock ends, and theirs begins now."""
    if draft.lead.stage != "deal":
        return
    at = max(draft.at, draft.context.now)
    for policy in draft.context.agreement.policies.recurring:
        for clock in [c for c in draft.lead.clocks.values() if c.policy == policy.name and c.open]:
            settle(draft, clock, clock.but(cancelled_at=at), "late_fact", why="owner_changed")
        start(draft, policy, subject_of(draft), at, counts_from=at, by=draft.signal.id)


def delegate(draft: Draft, owner: str | None, person: str) -> None:
    """Lets `person` keep as well what `owner` promised and still runs."""
    for clock in list(draft.lead.clocks.values()):
        if clock.open and owner is not None and clock.person == owner:
            draft.put_clock(clock.but(delegate=person, revision=clock.revision + 1))


def recheck(draft: Draft, adopt: bool) -> None:
    """Holidays, absences or the agreement changed: open clocks are computed again and what differs is corrected.

    With `adopt` they go under the agreement of now, its target and calendar; one whose policy is gone is cancelled.
    """
    agreement = draft.context.agreement
    for clock in list(draft.lead.clocks.values()):
        if not clock.open or clock.policy in SILENT:
            continue
        new = with_terms_of(clock, agreement) if adopt else clock
        if new is None:
            gone = clock.but(cancelled_at=draft.at)
            settle(draft, clock, gone, "policy", why="policy_ended")
        else:
            settle(draft, clock, new, "policy")


def with_terms_of(clock: Clock, agreement: Agreement) -> Clock | None:
    """With the terms that this agreement has for its policy; None where it has no such policy."""
    compiled = agreement.policy(clock.policy)
    if compiled is None:
        return None
    terms = {"target": str(compiled.file.target), "calendar": compiled.file.calendar, "agreement": agreement.hash}
    return clock.but(**terms)


def forecast(clock: Clock, agreement: Agreement, roster: Roster) -> Clock | None:
    """As it would stand under this agreement and roster: what `recheck` with `adopt` comes to, told to nobody. None where
    its policy is gone."""
    compiled, new = agreement.policy(clock.policy), with_terms_of(clock, agreement)
    if compiled is None or new is None:
        return None
    current = _with_roster(new, compiled.file, agreement, roster)
    return with_verdict(current, calendar_of(current, agreement))[0]


def cancel(draft: Draft, reason: str, subject_id: str | None = None, at: datetime | None = None) -> None:
    """Ends the clocks (of this subject) without a verdict, as far as they have none, at `at` (left out: when the signal's fact
    happened); no later touch counts for them."""
    at = at or draft.at
    for clock in list(draft.lead.clocks.values()):
        if clock.cancelled_at is not None or subject_id not in (None, clock.subject_id) or clock.policy == HOLD_END:
            continue
        if clock.policy in SILENT:
            end_expiry(draft, clock, at)
        else:
            settle(draft, clock, clock.but(cancelled_at=at), "late_fact", why=reason)


def go_on(draft: Draft, subject_id: str) -> None:
    """Judges again what was ended of this subject and should not have been, as if nothing had ended it."""
    for clock in list(draft.lead.clocks.values()):
        if clock.subject_id == subject_id and clock.policy not in SILENT and clock.cancelled_at is not None:
            ended = clock.offer_ended_at if clock.touched_at is not None else None
            again = clock.but(cancelled_at=None, offer_ended_at=ended)
            compiled = draft.context.agreement_of(clock.agreement).policy(clock.policy)
            # What was done meanwhile counts, too.
            resumed = with_known_touch(draft, again, compiled.file) if compiled is not None else again
            settle(draft, clock, resumed, "late_fact")


def end_expiry(draft: Draft, clock: Clock, at: datetime | None = None) -> None:
    """Ends the clock of an offer that was answered or withdrawn."""
    if clock.open:
        ended = {"state": "cancelled", "ended_at": at or draft.at, "next_at": None, "revision": clock.revision + 1}
        draft.put_clock(clock.but(**ended))


def forget_old(draft: Draft) -> None:
    """Keeps the newest ended clocks with the lead, for late facts; the rest are in the store only."""
    if len(draft.lead.clocks) <= ENDED_KEPT:
        return
    ended = sorted((c.started_at, c.id) for c in draft.lead.clocks.values() if not c.open and c.next_at is None)
    draft.drop_clocks({ident for _, ident in ended[:-ENDED_KEPT]})


def _not_before(clock: Clock, at: datetime) -> datetime:
    """What was done for the lead before its holder's clock began keeps the promise at once, not in advance."""
    return at if at + COARSE > clock.started_at else clock.started_at


def _is_counted(clock: Clock, at: datetime) -> bool:
    since = clock.counts_from if clock.counts_from is not None else clock.started_at - COARSE
    return at > since and (clock.cancelled_at is None or at <= clock.cancelled_at)


def settle(
    draft: Draft,
    before: Clock | None,
    clock: Clock,
    reason: Reason,
    *,
    announced: ClockDue | None = None,
    why: str | None = None,
) -> None:
    """Computes the verdict of `clock`, stores it and tells what changed since `before` (None: it has just started)."""
    agreement = draft.context.agreement_of(clock.agreement)
    compiled = agreement.policy(clock.policy)
    policy = compiled.file if compiled else None
    current = _with_roster(clock, policy, agreement, draft.context.roster)
    if clock.open:
        current = with_answerable(current, draft.lead, agreement, draft.context.roster)
    calendar = calendar_of(current, agreement)
    after, still = with_verdict(current, calendar, announced.due_at if announced is not None else None)
    if before is not None and (before.away, before.own_hours) != (current.away, current.own_hours):
        reason = "absence"
    after = tell_verdict_change(draft, before, after, Cause(reason, still, announced, why))
    if announced is not None and after.state == "running" and policy is not None:
        after = _warn(draft, after, policy=policy, calendar=calendar, announced=announced)
    next_at = _next(draft, after, policy=policy, calendar=calendar, still=still)
    if before is None or next_at != before.next_at or after != before:
        changes = {"next_at": next_at, "revision": before.revision + 1 if before else 0}
        draft.put_clock(after.but(**changes))


def _next(
    draft: Draft, clock: Clock, policy: Policy | None, calendar: BusinessCalendar | None, still: Gap | None
) -> datetime | None:
    """When the watcher looks again; after a breach, when the next rung is taken, unless it was kept late or is over."""
    if clock.state != "breached":
        return next_look(clock, policy, calendar=calendar, still=still, now=draft.context.now)
    if policy is None or clock.touched_at or clock.cancelled_at or clock.rungs_done >= len(policy.ladder):
        return None
    return rung_at(clock, policy, calendar, offered_to_owner_at(draft))


def _with_roster(clock: Clock, policy: Policy | None, agreement: Agreement, roster: Roster) -> Clock:
    """With its person's absences and working hours as the roster has them now."""
    away, own_hours = _away(clock, policy, roster), hours_of(clock, policy, agreement, roster)
    if (away, own_hours) == (clock.away, clock.own_hours):
        return clock
    return clock.but(away=away, own_hours=own_hours)


def _away(clock: Clock, policy: Policy | None, roster: Roster) -> tuple[Away, ...]:
    """The person's absences as the roster has them now; an ended clock keeps those that it was judged on."""
    if policy is None or not policy.absences or clock.person is None or not clock.open:
        return clock.away
    member = roster.people.get(clock.person)
    absences = [Away(since=a.since, until=a.until) for a in member.absences] if member else []
    return absences_of(clock.person, absences, clock)


def _warn(draft: Draft, clock: Clock, policy: Policy, calendar: BusinessCalendar | None, announced: ClockDue) -> Clock:
    """Each warning point that was announced, once; one that is noticed only after the due instant warns of nothing."""
    points = warning_points(clock, policy, calendar)
    while clock.warnings_done < len(points) and points[clock.warnings_done][0] <= announced.due_at:
        at, before = points[clock.warnings_done]
        clock = clock.but(warnings_done=clock.warnings_done + 1)
        if announced.noticed_at < clock.due_at:
            fields = event_fields(draft, clock) | {
                "warning": clock.warnings_done,
                "before": str(before),
                "warned_at": at,
            }
            draft.emit(SlaWarned(**fields, noticed_at=announced.noticed_at), at)
    return clock
