"""`decide`: one signal, one lead, what the agreement says of them. Pure: the same arguments give the same decision."""

from __future__ import annotations

from typing import Any

from routing import commands, dossier, handover, judging, limbo, nurturing, ownership, sla, waiting
from routing.assignment import Held
from routing.draft import Context, Draft
from routing.identity import names_somebody
from routing.importing import assert_imported
from routing.lead import absorb, find_hunter, new_lead
from routing.lifecycle import Row, first_fit
from routing.model import Decision, Lead, Link, Transition
from schemas.events import LeadCreated, LeadMergeProposed, LeadStageChanged, Stage
from schemas.signals import LISTINGS, TOUCHES, Kind, Signal

_JOINS = frozenset({Kind.SALES_MERGED, Kind.SALES_CONVERTED})
"""The CRM made one record of two: if each is a lead here, that is proposed to be one as well."""


def decide(lead: Lead | None, signal: Signal, context: Context) -> Decision:
    """All that follows from `signal` for the lead that it is about (None: nobody known yet). Changes no argument.

    Never raises for what a sender can send; an error here is a defect, and the router sets that signal aside.
    """
    if signal.mode == "test":
        return _nobody(context, "a test delivery is shown, never a lead")
    entered: set[Stage] = set()
    if lead is None:
        reason = _why_no_lead(signal)
        if reason is not None:
            return _nobody(context, reason)
        draft = _begin(signal, context)
        entered.add(draft.lead.stage)
    else:
        draft = Draft(lead.model_copy(), signal, context)
    _take_in(draft, new=lead is None)
    if signal.mode == "import":
        assert_imported(draft)
    else:
        _run(draft, entered)
    limbo.watch(draft)
    return _decision(draft)


def _why_no_lead(signal: Signal) -> str | None:
    if not names_somebody(signal):
        return "it names nobody: no e-mail address, no person's reference, no verified phone"
    if signal.kind not in LISTINGS | TOUCHES:
        return f"nobody known is named, and {signal.kind} alone makes no lead"
    return None


def _begin(signal: Signal, context: Context) -> Draft:
    """A new lead, in the stage of the table's first row that takes somebody in."""
    row = first_fit(None, {"listed" if signal.kind in LISTINGS else "touched"}, set())
    assert row is not None, "the table takes in both the listed and the touched"
    draft = Draft(new_lead(signal, row.to_stage), signal, context)
    draft.transitions.append(Transition(None, row.to_stage, row.name))
    return draft


def _take_in(draft: Draft, new: bool) -> None:
    lead, signal, context = draft.lead, draft.signal, draft.context
    absorb(draft)
    dossier.note(draft)
    judging.note_points(draft)
    if context.account is not None and lead.account_id is None:
        lead.account_id = context.account.id
    draft.links = [link._replace(subject_id=link.subject_id or lead.id) for link in context.links]
    if new:
        find_hunter(draft)
        said = LeadCreated(
            mode=signal.mode,
            stage=lead.stage,
            source=signal.source,
            signal_kind=signal.kind,
            references=lead.references,
            personal=draft.contact(),
        )
        draft.emit(said)
    if context.others and signal.kind in LISTINGS | TOUCHES | _JOINS:
        for other, kind in context.others:
            draft.emit(LeadMergeProposed(mode=signal.mode, kept=lead.id, other=other, evidence=(kind,)))


def _run(draft: Draft, entered: set[Stage]) -> None:
    """The signal against the table, again and again, until no row fits."""
    if why := _refused(draft):
        draft.notes.append(f"refused: {why}")
        draft.evidence["refused"] = why
        return
    if draft.lead.disposition == "active" or draft.signal.kind in judging.ALWAYS:
        judging.note_signal(draft)
    else:
        draft.notes.append(f"the lead is {draft.lead.disposition}: neither routed nor timed")
    while draft.lead.disposition == "active":
        judging.note_definitions(draft)
        row = first_fit(draft.lead.stage, draft.facts, entered)
        if row is None or (draft.lead.parked is not None and row.to_stage in ("qualification", "hand_over")):
            break
        entered.add(row.to_stage)
        _move(draft, row)


def _refused(draft: Draft) -> str | None:
    """The right to a command is looked at again when it is carried out: owner and roster may have changed meanwhile."""
    command = draft.signal.command
    if command is None or draft.signal.kind == Kind.OWNER_AWAY:
        return None
    owner = draft.lead.owner
    return commands.refusal(command.name, command.person, draft.context.roster, owner=owner, about=None)


def _move(draft: Draft, row: Row) -> None:
    lead = draft.lead
    before, fact = lead.stage, _fact(draft, row)
    if before == "nurturing":
        nurturing.leave(draft, row.to_stage)
    lead.stage, lead.stage_since = row.to_stage, max(draft.at, lead.stage_since)
    if before == "qualification":
        sla.touch(draft, "qualification", lead.stage_since, sla.subject_of(draft))
    draft.lead_changed()
    draft.transitions.append(Transition(before, row.to_stage, row.name))
    draft.evidence.setdefault("rows", []).append({"row": row.name, "fact": fact, "from": before, "to": row.to_stage})
    if row.to_stage == "nurturing":
        _come_back(draft, row, fact)
    draft.emit(
        LeadStageChanged(
            mode=draft.signal.mode,
            from_stage=before,
            to_stage=row.to_stage,
            pass_number=lead.pass_number,
            reason=fact,
            track=lead.track,
        )
    )
    _enter(draft, row, fact)


def _enter(draft: Draft, row: Row, fact: str) -> None:
    if row.to_stage == "hand_over":
        sla.forget_old(draft)
    else:
        sla.enter(draft, row.to_stage)
    if row.to_stage == "qualification":
        chosen = ownership.choose_or_wait(draft, "qualification")
        if isinstance(chosen, Held):
            waiting.wait(draft, chosen)
        elif chosen is not None:
            ownership.give(draft, chosen)
    elif row.to_stage == "hand_over":
        nurturing.suppress(draft, "hand_over")
        handover.begin(draft)
    elif row.to_stage == "deal":
        ownership.begin_dialogue(draft, "deal")
    elif row.to_stage == "nurturing" and row.track is not None:
        if row.track == "growth" and (chosen := ownership.choose(draft, "growth")) is not None:
            ownership.give(draft, chosen)
        nurturing.enter(draft, row.track, fact, draft.signal.reason)


def _come_back(draft: Draft, row: Row, fact: str) -> None:
    """Back with marketing: the pass is over, and only what happens from now on counts for the next."""
    lead = draft.lead
    handover.close(draft, fact)
    sla.cancel(draft, fact)
    ownership.free_account(draft)
    nurturing.release(draft, fact)
    lead.track = row.track
    lead.owner, lead.owner_since, lead.unowned_reason = None, None, f"nurturing: {fact}"
    lead.pass_number, lead.pass_since = lead.pass_number + 1, lead.stage_since
    lead.recent, lead.sales_ready, lead.meeting_booked_at = {}, False, None
    lead.scored, lead.met = {}, ()
    draft.facts.clear()
    draft.lead_changed()


def _fact(draft: Draft, row: Row) -> str:
    """Which of the row's facts it was; where several hold, the first by name, so that a replay says the same."""
    return min(row.facts & draft.facts)


def _nobody(context: Context, note: str) -> Decision:
    return Decision(None, context.account, (), (), (), (), (), "no_lead", note, {})


def _decision(draft: Draft) -> Decision:
    lead = draft.lead
    lead.version += 1
    lead.sequence += len(draft.emissions)
    evidence: dict[str, Any] = draft.evidence
    return Decision(
        lead=lead,
        account=draft.account,
        ledgers=tuple(draft.moved_ledgers.values()),
        clocks=tuple(draft.clocks.values()),
        links=tuple(Link(*link) for link in draft.links),
        emissions=tuple(draft.emissions),
        transitions=tuple(draft.transitions),
        outcome="changed" if draft.transitions or draft.emissions else "recorded",
        note="; ".join(draft.notes),
        evidence=evidence,
        loads=tuple(draft.moved_loads.values()),
        consulted=frozenset(draft.consulted),
    )
