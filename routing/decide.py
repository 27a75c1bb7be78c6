"""`decide`: one signal, one lead, what the agreement says of them. Pure: the same arguments give the same decision."""

from __future__ import annotations

import msgspec

from routing import judging
from routing.assignment import hunter_credit, queue
from routing.draft import Context, Draft
from routing.lead import dossier, named_handovers, repeats
from routing.lead.absorb import absorb, new_lead
from routing.lead.proof import is_outranked, may_link
from routing.lifecycle import Fact, first_fit
from routing.model.contradictions import new_address, with_gathered
from routing.model.identity import names_somebody
from routing.model.records import Decision, Lead, Link, Transition
from routing.nurturing import nurturing
from routing.people import permissions
from routing.sla import volumes
from routing.stages import limbo, moving, readiness, waking
from routing.upkeep import erasure, merging, withdrawals
from routing.upkeep.importing import assert_imported
from routing.upkeep.proposals import propose
from schemas.certain import certain
from schemas.events import LeadCreated, Stage
from schemas.fates import Reason
from schemas.signals import LISTINGS, TOUCHES, Kind, Signal

_MAKES = LISTINGS | TOUCHES
"""Kinds that make a lead of somebody nobody knew."""
_WRITTEN = frozenset({Kind.EMAIL_REPLIED, Kind.MESSAGE_RECEIVED, Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED})
"""Kinds of which an automated one tells of nobody: an absence, a newsletter, a mail program that fetched the pictures."""
_ERASED: tuple[Reason, str] = "person_erased", "the person was erased, and this is nothing that they did since then"
_JOINS = frozenset({Kind.SALES_MERGED, Kind.SALES_CONVERTED})
"""The CRM made one record of two: if each is a lead here, that is proposed to be one as well."""


def decide(lead: Lead | None, signal: Signal, context: Context) -> Decision:
    """All that follows from `signal` for the lead that it is about (None: nobody known yet). Changes no argument.

    Never raises for what a sender can send; an error here is a defect, and the router sets that signal aside.
    """
    if signal.mode == "test":
        return _nobody(context, "test_delivery", "a test delivery is shown, never a lead")
    if erasure.is_erasure(signal):
        return erasure.decide_erasure(lead, signal, context)
    if lead is not None and lead.disposition == "erased":
        return erasure.pass_by(lead, signal, context)
    entered: set[Stage] = set()
    if lead is None:
        reason = _why_no_lead(signal) if not context.erased else _ERASED
        if reason is not None:
            return _decide_for_nobody(signal, context, reason)
        draft = _begin(signal, context)
        entered.add(draft.lead.stage)
    else:
        draft = Draft(lead.copy(), signal, context)
        if lead.merged_into is not None:
            merging.pass_by(draft)
            return draft.make_decision()
        if (earlier := repeats.earlier_request(lead, signal)) is not None:
            draft.ignore("repeated", f"a repetition of {earlier.signal_id}, sent again within its window")
            return draft.make_decision()
    _take_in(draft, new=lead is None)
    if signal.kind == Kind.UNCLASSIFIED and not draft.learned:
        draft.ignore("unclassified", "what happened is not known")
    if signal.mode == "import":
        assert_imported(draft)
    else:
        _run(draft, entered)
    queue.leave_line(draft)
    waking.arm(draft)
    limbo.watch(draft)
    volumes.note(draft)
    return draft.make_decision()


def _why_no_lead(signal: Signal) -> tuple[Reason, str] | None:
    somebody = names_somebody(signal)
    if somebody and signal.automated and signal.kind in _WRITTEN:
        return "by_a_program", "a program wrote it: an automatic answer alone makes no lead"
    if somebody and signal.kind in _MAKES:
        return None
    if signal.lead_id is not None:
        return "no_such_lead", "no such lead"
    if missing := named_handovers.nothing_named(signal):
        return missing
    if not somebody:
        return "names_nobody", "it names nobody: no e-mail address, no person's id, no telephone number"
    return "nobody_known", f"nobody known is named, and {signal.kind} alone makes no lead"


def _begin(signal: Signal, context: Context) -> Draft:
    """A new lead, in the stage of the table's first row that takes somebody in."""
    fact: Fact = "listed" if signal.kind in LISTINGS else "touched"
    row = certain(first_fit(None, {fact}, set()), "the table takes in both the listed and the touched")
    draft = Draft(new_lead(signal, row.to_stage), signal, context)
    draft.note_bringing_signal()
    draft.transitions.append(Transition(None, row.to_stage, row.name))
    return draft


def _take_in(draft: Draft, new: bool) -> None:
    lead, signal, context = draft.lead, draft.signal, draft.context
    links = context.links if new else may_link(lead, signal, context.links)
    withdrawals.take_in(draft)
    absorb(draft)
    repeats.note_request(draft)
    dossier.note(draft)
    readiness.note_points(draft)
    if context.match:
        draft.evidence["identity"] = dict(context.match)
    if context.brought and not is_outranked(lead, signal) and (address := new_address(signal)) is not None:
        for identity in context.brought:
            lead.gathered = with_gathered(lead, identity, address)
    if context.account is not None and lead.account_id is None:
        lead.account_id = context.account.id
    if links:
        draft.links = tuple([Link(link.brand, link.identity, link.subject_id or lead.id) for link in links])
    if new:
        event = LeadCreated(
            mode=signal.mode,
            stage=lead.stage,
            source=signal.source,
            signal_kind=signal.kind,
            references=lead.references,
            personal=draft.contact(),
        )
        draft.emit(event)
    withdrawals.follow(draft)
    hunter_credit.credit_hunter(draft)
    if context.others and (signal.kind in _MAKES or signal.kind in _JOINS):
        for other, kinds in context.others:
            propose(draft, other, kinds)


def _run(draft: Draft, entered: set[Stage]) -> None:
    """Judges what the signal means, and then runs the table."""
    if why := _why_refused(draft):
        draft.refuse(*why)
        return
    if missing := named_handovers.nothing_answered(draft):
        judging.follow_consents(draft)
        draft.ignore(*missing)
        return
    nurturing.follow_lists(draft)
    if draft.lead.disposition == "active" or draft.signal.kind in judging.ALWAYS:
        judging.note_signal(draft)
    else:
        draft.ignore("lead_inactive", f"the lead is {draft.lead.disposition}: neither routed nor timed")
        judging.follow_consents(draft)
        nurturing.watch_mail(draft)
    moving.run(draft, entered)


def _why_refused(draft: Draft) -> tuple[Reason, str] | None:
    """Why a command cannot be carried out by now: owner and roster may have changed since it was asked for. None where
    it can."""
    command = draft.signal.command
    if command is None or draft.signal.kind == Kind.OWNER_AWAY:
        return None
    owner, roster, sales = draft.lead.owner, draft.context.roster, draft.signal.sales
    if why := permissions.refusal(command.name, command.person, roster, owner=owner, about=None):
        return "not_allowed", why
    if command.name in permissions.GIVES:
        why = permissions.cannot_receive(sales.owner_id if sales is not None else None, roster)
    return ("cannot_receive", why) if why else None


def _decide_for_nobody(signal: Signal, context: Context, reason: tuple[Reason, str]) -> Decision:
    """A withdrawal of somebody unknown waits for them, where the signal names an address, an id or a number of theirs."""
    waits = withdrawals.waiting_after(signal, context) if signal.lead_id is None and not context.erased else {}
    if any(waits.values()):
        reason = "waits_for_them", "nobody known is named: what they withdraw waits for them"
    decision = _nobody(context, *reason)
    if not waits:
        return decision
    evidence = {"waited": withdrawals.evidence(context.waiting)} if context.waiting else {}
    return msgspec.structs.replace(decision, waits=waits, evidence=evidence | {"waits": withdrawals.evidence(waits)})


def _nobody(context: Context, reason: Reason, note: str) -> Decision:
    return Decision(lead=None, account=context.account, outcome="no_lead", note=note, reason=reason)
