"""What somebody withdrew before anybody knew them: it waits by their address, id or number, and holds once they are a lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from routing.draft import Context, Draft, Purposes
from routing.lead import lists
from routing.lead.absorb import note_consent, put_consent
from routing.nurturing import nurturing
from routing.upkeep import disposition
from schemas.certain import certain
from schemas.signals import Consent, IdentityKey, Kind, Signal, happened_at

EVERYTHING = "*"
"""Purpose of somebody who wants no contact at all."""
MAX_PURPOSES = 16
"""Purposes that wait for one identity; a further one counts as the mail's, without which no mail goes out."""
MAIL = "email"
_OF_NUMBERS = frozenset({"sms", "phone", "whatsapp", "fax"})
"""Purposes for which a number is what is written to, whatever else of the person is known."""
_WITHOUT_A_WORD: Mapping[Kind, Literal["given", "withdrawn"]] = {
    Kind.CONSENT_WITHDRAWN: "withdrawn",
    Kind.LIST_UNSUBSCRIBED: "withdrawn",
    Kind.CONSENT_GIVEN: "given",
}
"""Kinds that mean the mail where they do not say what for."""


def stated_consents(signal: Signal) -> tuple[Consent, ...]:
    """What the signal says of consents, each with its instant, which is never after its arrival."""
    consents = [c.but(at=min(c.at or happened_at(signal), signal.received_at)) for c in signal.consents]
    consents += [
        Consent(purpose=name, state=state, at=happened_at(signal)) for name, state in lists.stated_consents(signal)
    ]
    implied = _WITHOUT_A_WORD.get(signal.kind)
    if implied is not None and implied not in [consent.state for consent in consents]:
        consents.append(Consent(purpose=MAIL, state=implied, at=happened_at(signal)))
    if signal.kind == Kind.DISPOSITION_SET:
        disposition = (signal.sales.to if signal.sales else None) or signal.reason
        if disposition in ("do_not_contact", "active"):
            state: Literal["given", "withdrawn"] = "given" if disposition == "active" else "withdrawn"
            consents.append(Consent(purpose=EVERYTHING, state=state, at=happened_at(signal)))
    return tuple(consents)


def waiting_after(signal: Signal, context: Context) -> dict[IdentityKey, Purposes]:
    """What waits after a signal that is about nobody known, by each identity for which something waits or waited. Of one
    purpose the newest withdrawal waits, until consent is given later than that by a sender who proves who they are."""
    consents = stated_consents(signal)
    if not consents:
        return {}
    waits: dict[IdentityKey, Purposes] = {}
    for identity in _waiting_identities(signal, context):
        waited = context.waiting.get(identity, {})
        now = dict(waited)
        for consent in consents:
            if consent.state == "given" and signal.proof == "none":
                continue  # Anybody may have said so, of anybody.
            _hear(now, consent, identity, named=_is_named(signal))
        if now or waited:
            waits[identity] = now
    return waits


def _waiting_identities(signal: Signal, context: Context) -> Iterator[IdentityKey]:
    """Addresses, persons' ids and numbers that are nobody's. Each number is there as `like_phone`, proven or not."""
    for link in context.links:
        if link.brand == signal.brand and link.identity.kind in ("email", "person", "like_phone"):
            yield link.identity


def _is_named(signal: Signal) -> bool:
    return any(identity.kind in ("email", "person") for identity in signal.identities)


def _hear(now: dict[str, datetime], consent: Consent, identity: IdentityKey, named: bool) -> None:
    """`named`: the signal has more than a number, which several may share: then only what is meant for numbers waits there."""
    at, purpose = certain(consent.at, "each was given its instant"), consent.purpose
    if consent.state == "given":
        if purpose in now and at > now[purpose]:
            del now[purpose]
        return
    if identity.kind == "like_phone" and named and purpose.casefold() not in _OF_NUMBERS:
        return
    if purpose not in now and len(now) >= MAX_PURPOSES:
        purpose = MAIL
    if purpose not in now or at > now[purpose]:
        now[purpose] = at


def take_in(draft: Draft) -> None:
    """Counts what waited for the lead as if it had been there; a consent given later than that counts more."""
    for purpose, at in _newest(draft.context).items():
        if purpose != EVERYTHING:
            note_consent(draft, purpose, "withdrawn", at)
    if draft.context.waiting:
        draft.evidence["waited"] = evidence(draft.context.waiting)


def follow(draft: Draft) -> None:
    """What comes of it: automated mail stops, or nobody is to work the lead."""
    if not draft.context.waiting:
        return
    if draft.signal.proof == "none":
        _hold_against_anybody(draft)
    nurturing.follow_consent(draft, "withdrawn")
    lists.tell(draft, frozenset())
    at = _newest(draft.context).get(EVERYTHING)
    if at is not None:
        disposition.stand_down_since(draft, "do_not_contact", at)


def _hold_against_anybody(draft: Draft) -> None:
    """Who proves nothing gives no consent that was withdrawn, however much later they say so."""
    lead = draft.lead
    for purpose, at in _newest(draft.context).items():
        if lead.consents.get(purpose) == "given":
            put_consent(lead, purpose, "withdrawn", at)


def _newest(context: Context) -> dict[str, datetime]:
    """The newest of each purpose, whichever of the identities it waited by."""
    newest: dict[str, datetime] = {}
    for purposes in context.waiting.values():
        for purpose, at in purposes.items():
            newest[purpose] = max(at, newest.get(purpose, at))
    return newest


def evidence(waiting: Mapping[IdentityKey, Purposes]) -> list[dict[str, object]]:
    """As the history keeps it, so that the decision can be made once more."""
    return [
        {
            "kind": identity.kind,
            "digest": identity.digest,
            "purposes": {p: at.isoformat() for p, at in purposes.items()},
        }
        for identity, purposes in waiting.items()
    ]
