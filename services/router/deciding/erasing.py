"""A person is erased: the lead's decision, its identities as tombstones, and the work that is left, all in one commit.

On kill -9 nothing of it happened, or all: what is left is a row of the table of requests, which `services.persons.erasing` works off.
"""

from __future__ import annotations

import json

import msgspec

from routing.decide import decide
from routing.model.identity import resolve
from routing.model.ids import derive
from routing.model.links import Key, pointer_to_lead, tombstone
from routing.model.records import Decision, Lead
from schemas.signals import Person, Signal
from services.ports.rows import PersonRequest
from services.ports.signal_records import Incoming, halves
from services.privacy.faults import place_of
from services.router.deciding.one_lead import context_of, seal_events
from services.router.deciding.records import history
from services.router.deciding.setting_aside import set_aside
from services.router.deciding.step import Step

NAMED = frozenset({"email", "person", "phone"})
"""Kinds of identities that are kept as erased of somebody who is no lead."""


def erase_person(step: Step, incoming: Incoming, signal: Signal) -> None:
    """Decides on the signal, or sets it aside. Leads that were merged into the lead are erased by signals that follow from this."""
    state = step.state
    resolution = resolve(signal, state.snapshot.links, state.snapshot.lead)
    lead = state.snapshot.lead(resolution.lead_id)
    try:
        decision = decide(lead, signal, context_of(state, signal, lead, resolution))
        events = seal_events(state, decision, signal)
        facts, _ = incoming.halves or halves(signal)
        row = history(
            signal,
            lead.id if lead else None,
            decision=decision,
            ruling=state.ruling,
            now=state.now,
            parted=(facts, None),
        )
    except Exception as error:  # noqa: BLE001 - a defect of ours for this one signal: it is set aside, and seen
        set_aside(step, incoming, lead, state="dead", reason=place_of(error), error=type(error).__name__)
        return
    if decision.reason is None:
        keys = _bury(step, signal, lead)
        step.apply(_let_go(decision), signal)
        step.changes.erasures.append(_work(step, signal, lead, keys))
        if lead is not None:
            step.changes.further += [_of_merged(signal, lead, other.lead_id) for other in lead.merged]
    step.emit(events)
    step.changes.history.append(row)


def _let_go(decision: Decision) -> Decision:
    """Nothing waits for what would come next of the lead: letters that queue behind it are emptied, too."""
    lead = decision.lead
    return decision if lead is None else msgspec.structs.replace(decision, lead=lead.but(held=False))


def _bury(step: Step, signal: Signal, lead: Lead | None) -> list[Key]:
    """The identities that are kept as erased from now on: all that lead to the lead, and those of the signal that name a person and are
    nobody's."""
    snapshot = step.state.snapshot
    buried = tombstone(step.state.now)
    theirs = {lead.id, pointer_to_lead(lead.id)} if lead is not None else set()
    keys = {where for where, who in {**snapshot.links_of, **snapshot.links}.items() if who in theirs}
    step.relink(dict.fromkeys(sorted(keys), buried))
    strangers = {
        (signal.brand, i.kind, i.digest) for i in signal.identities if i.kind in NAMED and i.verified and not i.account
    }
    free = {key for key in strangers if key not in keys and snapshot.links.get(key) is None}
    waiting = {key for key in strangers if key in snapshot.withdrawals}
    for key in waiting:
        step.set_waiting(key, "")
    step.link(dict.fromkeys(sorted(free | waiting), buried))
    return sorted(keys | free | waiting)


def _work(step: Step, signal: Signal, lead: Lead | None, keys: list[Key]) -> PersonRequest:
    """What is left to do once this is committed: by these words and identities the person is found in what nobody understood."""
    people = [signal.person, *([lead.personal.person] if lead is not None else [])]
    looked_for = {
        "keys": keys,
        "words": sorted({word for person in people for word in _words(person)}),
        "partition_key": lead.partition_key if lead is not None else signal.partition_key,
    }
    return PersonRequest(
        id=derive("preq", signal.id, lead.id if lead else ""),
        kind="erasure",
        state="open",
        principal=signal.command.principal if signal.command is not None else signal.source,
        lead_id=lead.id if lead is not None else None,
        asked_at=step.state.now,
        body=json.dumps(
            {"signal": signal.id, "reason": signal.reason, "emptied": {"leads": 1} if lead is not None else {}}
        ),
        personal=json.dumps(looked_for, ensure_ascii=False),
    )


def _words(person: Person) -> list[str]:
    """By which a body is known to be theirs: an address, a number, a whole name."""
    names = [
        person.full_name,
        f"{person.first_name} {person.last_name}" if person.first_name and person.last_name else None,
    ]
    return [word for word in (person.email, person.phone, *names) if word]


def _of_merged(signal: Signal, lead: Lead, other: str) -> Signal:
    ident = derive("sig", signal.id, "merged", other)
    return signal.but(
        id=ident, dedupe_key=ident, lead_id=other, identities=(), person=Person(), partition_key=lead.partition_key
    )
