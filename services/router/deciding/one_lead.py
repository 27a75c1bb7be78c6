"""A signal about one lead: which lead it is about, what is decided, and whether that depends on shared rows."""

from __future__ import annotations

from routing.decide import decide
from routing.draft import Context
from routing.lead.accounts import names_of_account, own_account
from routing.model.contradictions import addresses_by, new_address, with_gathered
from routing.model.envelope import Outgoing, about, seal
from routing.model.identity import (
    Resolution,
    key,
    match_evidence,
    new_account_links,
    pointers,
    resolve,
    without_strangers,
)
from routing.model.links import BARRED, WAITING, Key
from routing.model.records import Account, Decision, Emission, Lead, Link
from routing.people.capacity import carrier
from schemas.events import LeadPartingProposed
from schemas.signals import IdentityKey, Signal
from services.ports.signal_records import Incoming, halves
from services.privacy.discretion import without_names
from services.privacy.faults import place_of
from services.router.deciding.records import history
from services.router.deciding.setting_aside import set_aside
from services.router.deciding.step import BatchState, Step
from services.router.deciding.withdrawn import text_of, waiting_for


def decide_about_one_lead(step: Step, incoming: Incoming, signal: Signal) -> bool:
    """Decides on the signal, or sets it aside; returns whether it was decided."""
    resolution = _resolve(step, signal)
    lead_id = signal.clock.lead_id if signal.clock else resolution.lead_id
    lead = step.state.snapshot.lead(lead_id)
    step.depends_on_shared |= any(map(step.state.is_dependent, (lead_id, *resolution.looked_at)))
    if lead is not None and (nameless := without_names(signal, lead.personal.person)) is not signal:
        signal, incoming = nameless, incoming._replace(signal=nameless, halves=None)
    if lead is not None and lead.held:
        reason = "waits behind a dead letter of its lead"
        set_aside(step, incoming, lead, state="queued", reason=reason, error="Held")
        return False
    events, meant = _note_suspects(step, signal, resolution), without_strangers(signal, resolution)
    if meant is not signal and incoming.halves is None:
        incoming = incoming._replace(halves=halves(signal))
    return _decide(step, incoming, meant, lead=lead, resolution=resolution, events_before=events)


def decide_once_more(step: Step, incoming: Incoming, signal: Signal, lead: Lead | None) -> bool:
    """Decides on a signal that was set aside; whether that went well."""
    resolution = _resolve(step, signal)
    again = incoming if incoming.halves is not None else incoming._replace(halves=halves(signal))
    return _decide(
        step, again, without_strangers(signal, resolution), lead=lead, resolution=resolution, events_before=0
    )


def context_of(state: BatchState, signal: Signal, lead: Lead | None, resolution: Resolution) -> Context:
    """What the core decides on, beside the lead and the signal."""
    account = _account(state, signal, lead, resolution)
    links = [Link(signal.brand, identity, "") for identity in resolution.unlinked]
    if account is not None:
        names = names_of_account(signal, account, resolution)
        links += [Link(signal.brand, identity, account.id) for identity in names]
    return Context(
        agreement=state.ruling.agreement,
        roster=state.ruling.roster,
        ledgers=state.shared.ledgers,
        account=account,
        now=state.now,
        others=resolution.others,
        links=tuple(links),
        match=match_evidence(resolution),
        brought=resolution.brought,
        past=state.ruling.past,
        loads=state.shared.loads,
        waiting=waiting_for(signal.brand, resolution.unlinked, state.snapshot.links, state.snapshot.withdrawals),
        erased=resolution.erased,
    )


def seal_events(state: BatchState, decision: Decision, signal: Signal, before: int = 0) -> list[Outgoing]:
    """The decision's events in their envelopes. `before` is how many the signal had already, of another lead."""
    if decision.lead is None or not decision.emissions:
        return []
    return seal(decision.emissions, about(decision.lead), signal=signal, stamp=state.stamp, before=before)


def _resolve(step: Step, signal: Signal) -> Resolution:
    """Which lead the signal is about; accounts of a system that it is the first to tell of are known from now on."""
    snapshot = step.state.snapshot
    if signal.mode != "test":
        step.link(new_account_links(signal, snapshot.links))
    return resolve(signal, snapshot.links, snapshot.lead)


def _note_suspects(step: Step, signal: Signal, resolution: Resolution) -> int:
    """An id that came with another person's address is remembered with its lead; one that did so too often names nobody from
    now on, and what it brought together is proposed to be parted. Returns how many events that came to."""
    address, events = new_address(signal), 0
    for suspect in resolution.suspects if signal.mode != "test" else ():
        lead = step.state.snapshot.lead(suspect.lead_id)
        if lead is None or address is None or not suspect.noted:
            continue
        lead = lead.but(gathered=with_gathered(lead, suspect.identity, address), version=lead.version + 1)
        step.put_lead(lead, signal)
        if suspect.barred:
            _bar(step, signal, lead, suspect.identity, events_before=events)
            events += 1
    return events


def _bar(step: Step, signal: Signal, lead: Lead, identity: IdentityKey, *, events_before: int) -> None:
    step.relink({key(signal, identity): f"{BARRED}{identity.digest}"})
    step.next_batch_must_wait = True
    proposal = LeadPartingProposed(
        mode=signal.mode,
        kind=identity.kind,
        references=tuple(r for r in signal.references if r.object == "person"),
        addresses=addresses_by(lead, identity),
        merged=tuple(other.lead_id for other in lead.merged),
    )
    lead = lead.but(sequence=lead.sequence + 1)
    step.put_lead(lead, signal)
    emission, stamp = Emission(proposal, step.state.now), step.state.stamp
    step.emit(seal((emission,), about(lead), signal=signal, stamp=stamp, before=events_before))


def _decide(
    step: Step, incoming: Incoming, signal: Signal, *, lead: Lead | None, resolution: Resolution, events_before: int
) -> bool:
    state = step.state
    try:
        context = context_of(state, signal, lead, resolution)
        decision = decide(lead, signal, context)
        step.depends_on_shared |= _depends_on_shared(state, lead, decision, context)
        events = seal_events(state, decision, signal, events_before)
        lead_id = decision.lead.id if decision.lead else lead.id if lead else None
        parted = _without_personal(incoming, signal) if _is_of_erased(resolution, lead) else incoming.halves
        row = history(signal, lead_id, decision=decision, ruling=state.ruling, now=state.now, parted=parted)
    except Exception as error:  # noqa: BLE001 - a defect of ours for this one signal: it is set aside, and seen
        set_aside(step, incoming, lead, state="dead", reason=place_of(error), error=type(error).__name__)
        return False
    step.apply(decision, signal)
    _claim_ids(step, decision, signal, resolution)
    counted = state.promises.count(decision, signal, state.ruling, state.stamp) if decision.tallied else []
    if decision.lead is None and signal.mode == "live":
        step.link(pointers(signal, resolution))
    _keep_waiting(step, signal.brand, decision)
    step.emit([*events, *counted])
    step.changes.history.append(row)
    return True


def _is_of_erased(resolution: Resolution, lead: Lead | None) -> bool:
    return resolution.erased or (lead is not None and lead.disposition == "erased")


def _without_personal(incoming: Incoming, signal: Signal) -> tuple[str, str | None]:
    """What a system still tells of somebody who was erased is not kept here."""
    return (incoming.halves or halves(signal))[0], None


def _depends_on_shared(state: BatchState, before: Lead | None, decision: Decision, context: Context) -> bool:
    """Whether another decision could come out with other ledgers, loads, promises or owners in the company."""
    if decision.ledgers or decision.consulted or decision.loads or decision.tallied or decision.asked_account:
        return True
    if decision.account is not context.account:
        return True
    old, new = carrier(before), carrier(decision.lead)
    return old != new and (old in state.shared.loads or new in state.shared.loads)


def _claim_ids(step: Step, decision: Decision, signal: Signal, resolution: Resolution) -> None:
    """Ids that only somebody unproven had linked elsewhere lead to the lead that somebody proven names by them."""
    if decision.lead is None or not resolution.claimed or signal.mode == "test":
        return
    step.relink({key(signal, identity): decision.lead.id for identity in resolution.claimed})
    step.next_batch_must_wait = True


def _keep_waiting(step: Step, brand: str, decision: Decision) -> None:
    """What somebody withdrew before anybody knew them waits from now on; their identities say so."""
    for identity, purposes in decision.waits.items():
        where: Key = (brand, identity.kind, identity.digest)
        if purposes and not step.state.snapshot.withdrawals.get(where):
            step.link({where: WAITING})
        step.set_waiting(where, text_of(purposes))


def _account(state: BatchState, signal: Signal, lead: Lead | None, resolution: Resolution) -> Account | None:
    account_id = (lead.account_id if lead else None) or resolution.account_id
    if account_id is None and resolution.unlinked_account and (lead is not None or resolution.unlinked):
        account_id = own_account(signal, resolution)
    if account_id is None:
        return None
    return state.shared.accounts.get(account_id) or Account(id=account_id, brand=signal.brand)
