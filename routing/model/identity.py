"""Which lead a signal is about: identities are looked up, the strongest decides, two leads at once are proposed.

An address or a person's id names a lead for sure; a number that nobody has proven leads to one only where nothing speaks
against it. An id that brings together what cannot be one person stops to name anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import NamedTuple

from routing.model.contradictions import (
    MAX_ADDRESSES,
    contradiction,
    gathered_addresses,
    is_another_record,
    is_stranger,
    names_agree,
    new_address,
)
from routing.model.links import BARRED, ERASED, POINTER, WAITING, Key, erased_before, subject_of
from routing.model.records import Lead
from schemas.signals import IdentityKey, Person, Signal, is_request

SHARED = "phone_shared"
"""Kind of the link from a number to the second lead that has it."""
ACCOUNTS = ("account", "account_2")
"""Kinds of the links from a system to the first and the second account of it that were heard of."""
_NAMES = ("email", "person", "phone")
_FINDS = ("handover", "deal", "activity")
_ACCOUNT = ("company", "domain")
_LINKED = (*_NAMES, "deal", "activity")
_CLAIMED = ("person", "phone", "deal", "activity")
"""Kinds whose link somebody proven takes from a lead that nobody proven has told of. An address is its own lead's."""
LIKENESS = ("like_name", "like_phone", "phone_name")
"""Kinds that name nobody for sure; whoever had it first is found or proposed."""
NO_LEAD = (*_ACCOUNT, *LIKENESS, SHARED, *ACCOUNTS)
"""Kinds of links that lead to no lead by themselves."""
_LIKELY = (*_NAMES, "like_name", "like_phone")
_NUMBERS = ("phone", "like_phone")
_WEIGHTS = {"email": 0.95, "person": 0.95, "phone": 0.4, "like_name": 0.6, "like_phone": 0.4}
_STRONG, _WEAK, _THROUGH, _COMPANY = range(10), range(10, 20), range(20, 30), range(30, 40)
"""Ranks of what names a lead for sure, perhaps, or through a record, and of what names a company."""
_RANK = {
    kind: rank
    for kinds, ranks in ((_NAMES, _STRONG), (_FINDS, _THROUGH), (_ACCOUNT, _COMPANY))
    for rank, kind in zip(ranks, kinds, strict=False)
}
_RANK_UNVERIFIED = dict(zip(_LIKELY, _WEAK, strict=False))


class _Named(NamedTuple):
    """One identity that names somebody; the first rank decides."""

    rank: int
    who: str
    identity: IdentityKey


Others = tuple[tuple[str, tuple[str, ...]], ...]


class Suspect(NamedTuple):
    """An id or a number of `lead_id` that came with an address which is none of that lead's. `barred`: it brought too many of
    them, and names nobody any more. `noted`: it is remembered with the lead that it did so."""

    lead_id: str
    identity: IdentityKey
    barred: bool
    noted: bool = True


class Resolution(NamedTuple):
    """`others` are further leads that the signal's identities name, with the kinds that named them; `unlinked` are
    those of its identities that name nobody yet and may name this lead from now on.

    `by_number`: an unproven number found the lead. `apart` says what spoke against a lead of the same number or id.
    `suspects` are ids that may be no ids, `brought` those that found the lead with an address which is new to it. `stranger`: the person in the signal is not the lead, who is named by a record only.
    `looked_at` are the leads whose facts were asked. `barred` are ids that name nobody any more. `claimed` are identities that only
    somebody unproven had linked to another lead: somebody proven names this one by them. `erased`: nobody is named but somebody who was
    erased, and it is nothing that they did since then.
    """

    lead_id: str | None
    others: Others
    account_id: str | None
    unlinked: tuple[IdentityKey, ...]
    unlinked_account: tuple[IdentityKey, ...]
    by_number: bool = False
    apart: str | None = None
    suspects: tuple[Suspect, ...] = ()
    brought: tuple[IdentityKey, ...] = ()
    stranger: bool = False
    looked_at: tuple[str, ...] = ()
    barred: tuple[IdentityKey, ...] = ()
    claimed: tuple[IdentityKey, ...] = ()
    erased: bool = False


LeadOf = Callable[[str], Lead | None]


def no_lead_at_hand(_: str) -> Lead | None:
    return None


def key(signal: Signal, identity: IdentityKey) -> Key:
    return signal.brand, identity.kind, identity.digest


def keys_of(signal: Signal) -> Iterator[Key]:
    """Every link that decides who the signal is about."""
    brand = signal.brand
    for identity in signal.identities:
        yield brand, identity.kind, identity.digest
        if identity.kind == "like_phone":
            yield brand, SHARED, identity.digest
        if identity.account is not None:
            yield from ((brand, kind, identity.account[:16]) for kind in ACCOUNTS)


def is_named(signal: Signal, links: Mapping[Key, str]) -> bool:
    """Whether an address, a person's id or a proven number of the signal is somebody's already."""
    return any(
        identity.verified
        and identity.kind in _NAMES
        and not links.get(key(signal, identity), WAITING).startswith((WAITING, ERASED))
        for identity in signal.identities
    )


def names_somebody(signal: Signal) -> bool:
    """Whether a new lead may be made of it: an e-mail address, a person's id or a telephone number."""
    return any(identity.kind in _NAMES for identity in signal.identities)


def new_account_links(signal: Signal, links: Mapping[Key, str]) -> dict[Key, str]:
    """The accounts that were not heard of before, of systems of which none or one was known."""
    new_links: dict[Key, str] = {}
    for account in dict.fromkeys(i.account for i in signal.identities if i.account is not None):
        first, second = ((signal.brand, kind, account[:16]) for kind in ACCOUNTS)
        if first not in links:
            new_links[first] = account[16:]
        elif links[first] != account[16:] and second not in links:
            new_links[second] = account[16:]
    return new_links


def _is_only_account(brand: str, account: str, links: Mapping[Key, str]) -> bool:
    first, second = ((brand, kind, account[:16]) for kind in ACCOUNTS)
    return links.get(first) in (None, account[16:]) and second not in links


def resolve(signal: Signal, links: Mapping[Key, str], lead_of: LeadOf = no_lead_at_hand) -> Resolution:
    """Which lead the signal is about. `links` say who identities name, `lead_of` gives the leads that were read. A deal
    of another lead neither links nor proposes."""
    named, unlinked, barred = _split_by_link(signal, links)
    suspects, brought, suspect_id = _suspects(signal, named, unlinked, lead_of)
    if suspects:
        refused = [suspect.identity for suspect in suspects]
        named = [one for one in named if one.identity not in refused]
    lead = signal.lead_id or _first(named, _STRONG) or _first(named, _THROUGH)
    looked, by_number, stranger = [suspect_id] if suspect_id else [], False, False
    apart = "address" if suspects else None
    if lead is None:
        lead, why, numbers = _lead_by_number(signal, named, links, lead_of)
        by_number, apart, looked = lead is not None, apart or why, [*looked, *numbers]
    elif _first(named, _STRONG) is None:
        stranger = _is_stranger_with_record(signal, lead, named, lead_of)
        looked.append(lead)
    claimed, asked_too = _unproven_links(signal, lead, named=named, suspects=suspects, lead_of=lead_of)
    looked += asked_too
    erased = lead is None and any(is_erased(signal, identity, links) for identity in signal.identities)
    if stranger:
        unlinked = [i for i in unlinked if i.kind not in (*_NAMES, *LIKENESS)]
    return Resolution(
        lead_id=lead,
        others=_others(lead, [*named, *_suspected_leads(suspects)]),
        account_id=_first(named, _COMPANY),
        unlinked=_identities_to_link(unlinked, _LINKED) if unlinked else (),
        unlinked_account=_identities_to_link(unlinked, _ACCOUNT) if unlinked else (),
        by_number=by_number,
        apart=apart,
        suspects=suspects,
        brought=brought,
        stranger=stranger,
        looked_at=tuple(looked),
        barred=tuple(barred),
        claimed=claimed,
        erased=erased,
    )


def is_erased(signal: Signal, identity: IdentityKey, links: Mapping[Key, str]) -> bool:
    """Whether it names somebody who was erased, in a signal that is no act of theirs since then: a form, a message, a call or a
    booking brings them back as somebody new; what a system still has of them does not."""
    link = links.get(key(signal, identity), "")
    if not link.startswith(ERASED) or not identity.verified or identity.kind not in (*_NAMES, *_FINDS):
        return False
    return not _is_by_themselves(signal, link)


def _is_by_themselves(signal: Signal, link: str) -> bool:
    """Whether somebody who was erased asks for something after that."""
    return is_request(signal) and erased_before(link, signal.received_at)


def _unproven_links(
    signal: Signal, lead_id: str | None, named: list[_Named], suspects: tuple[Suspect, ...], lead_of: LeadOf
) -> tuple[tuple[IdentityKey, ...], list[str]]:
    """(identities of a proven signal that only somebody unproven had linked to another lead, the leads that were looked at)."""
    if signal.proof == "none" or signal.lead_id is not None:
        return (), []
    elsewhere = [(one.who, one.identity) for one in named if one.who != lead_id and one.identity.kind in _CLAIMED]
    elsewhere += [(suspect.lead_id, suspect.identity) for suspect in suspects if not suspect.barred]
    if not elsewhere or (lead_id is None and not suspects):
        return (), []
    lead_ids = list(dict.fromkeys(who for who, _ in elsewhere))
    unproven = {who for who in lead_ids if (lead := lead_of(who)) is not None and lead.proof == "none"}
    return tuple(identity for who, identity in elsewhere if who in unproven and identity.verified), lead_ids


def _split_by_link(
    signal: Signal, links: Mapping[Key, str]
) -> tuple[list[_Named], list[IdentityKey], list[IdentityKey]]:
    """(those that name somebody, the strongest first; those that name nobody yet; those that name nobody any more)."""
    brand = signal.brand
    named: list[_Named] = []
    unlinked: list[IdentityKey] = []
    barred: list[IdentityKey] = []
    for identity in signal.identities:
        if identity.account is not None and not _is_only_account(brand, identity.account, links):
            continue
        kind = identity.kind
        who: str | None = links.get((brand, kind, identity.digest))
        if who is None or who.startswith(WAITING):
            unlinked.append(identity)
            continue
        if who.startswith(ERASED):
            if _is_by_themselves(signal, who):
                unlinked.append(identity)
            continue
        if POINTER in who:
            if who.startswith(BARRED):
                barred.append(identity)
            who = subject_of(brand, who, links)
        rank = (_RANK if identity.verified else _RANK_UNVERIFIED).get(kind)
        if who is not None and rank is not None:
            named.append(_Named(rank, who, identity))
    if len(named) > 1:
        named.sort(key=itemgetter(0))
    return named, unlinked, barred


def _suspects(
    signal: Signal, named: list[_Named], unlinked: list[IdentityKey], lead_of: LeadOf
) -> tuple[tuple[Suspect, ...], tuple[IdentityKey, ...], str | None]:
    """(ids that name no lead here, ids that do though their address is new, looked at). Of a signal whose new address comes with the
    id or the proven number of a lead that has another."""
    nothing = (), (), None
    strong = [one for one in named if one.rank in _STRONG]
    if not strong or any(one.identity.kind == "email" for one in strong):
        return nothing
    who, address = strong[0].who, next((i.digest for i in unlinked if i.kind == "email"), None)
    lead = lead_of(who)
    if lead is None or address is None or not is_stranger(lead, signal):
        return (), (), who
    ids = [one.identity for one in strong if one.who == who]
    if lead.proof != signal.proof:
        # Between a proven and an unproven side an id alone joins nobody, and says nothing against the id.
        return tuple(Suspect(who, identity, False, noted=False) for identity in ids), (), who
    barred = [len(gathered_addresses(lead, identity, address)) >= MAX_ADDRESSES for identity in ids]
    if any(barred) or names_agree(lead.names, signal.names) is False:
        return tuple(Suspect(who, *pair) for pair in zip(ids, barred, strict=True)), (), who
    return (), tuple(ids), who


def _suspected_leads(suspects: tuple[Suspect, ...]) -> list[_Named]:
    """The leads that these ids would name: proposed, unless one of the ids is barred."""
    barred = any(suspect.barred for suspect in suspects)
    return [] if barred else [_Named(_WEAK.start, suspect.lead_id, suspect.identity) for suspect in suspects]


def _lead_by_number(
    signal: Signal, named: list[_Named], links: Mapping[Key, str], lead_of: LeadOf
) -> tuple[str | None, str | None, list[str]]:
    """(the lead that has the same number and of which nothing contradicts, what does, the leads that were looked at)."""
    looked: list[str] = []
    exact, holders, why = _holders(signal, named, links)
    for who in dict.fromkeys((*exact, *holders)):
        lead = lead_of(who)
        if lead is None:
            continue
        looked.append(who)
        speaks_against = contradiction(lead, signal, same_name=who in exact)
        if speaks_against is None:
            return who, None, looked
        why = speaks_against
    return None, why, looked


def _holders(signal: Signal, named: list[_Named], links: Mapping[Key, str]) -> tuple[list[str], list[str], str | None]:
    """(who has a number of the signal's with the same name, who has one, why nobody of those is asked)."""
    brand = signal.brand
    exact = [links.get(key(signal, i)) for i in signal.identities if i.kind == "phone_name"]
    second = [links.get((brand, SHARED, i.digest)) for i in signal.identities if i.kind == "like_phone"]
    holders: list[str | None] = [one.who for one in named if one.identity.kind in _NUMBERS]
    shared = any(who is not None for who in second)
    # Several have it: a number without a name tells nobody of them.
    holders = [] if shared and not signal.names else [*holders, *(subject_of(brand, who, links) for who in second)]
    same_name = [subject_of(brand, who, links) for who in exact]
    return [w for w in same_name if w is not None], [w for w in holders if w is not None], "several" if shared else None


def shared_number_links(signal: Signal, lead_id: str, links: Mapping[Key, str]) -> dict[Key, str]:
    """The links that say that this lead has the same number as another one, which are new."""
    new_links: dict[Key, str] = {}
    for identity in signal.identities:
        second = (signal.brand, SHARED, identity.digest)
        if identity.kind == "like_phone" and second not in links:
            first = subject_of(signal.brand, links.get(key(signal, identity)), links)
            if first not in (None, lead_id):
                new_links[second] = lead_id
    return new_links


def match_evidence(resolution: Resolution) -> dict[str, str]:
    """Evidence of a lead that was not found by an address or an id alone."""
    evidence = {"by": "number"} if resolution.by_number else {}
    return (
        evidence
        | ({"apart": resolution.apart} if resolution.apart else {})
        | ({"stranger": "record"} if resolution.stranger else {})
    )


def without_strangers(signal: Signal, resolution: Resolution) -> Signal:
    """The signal without ids that name nobody any more. Where the person in it is another one than the lead, whose deal or activity
    it is about, without that person."""
    if barred := (*resolution.barred, *(suspect.identity for suspect in resolution.suspects if suspect.barred)):
        signal = signal.but(identities=tuple(i for i in signal.identities if i not in barred))
    if not resolution.stranger:
        return signal
    return signal.but(
        person=Person(),
        names=(),
        consents=(),
        references=tuple(r for r in signal.references if r.object != "person"),
        identities=tuple(i for i in signal.identities if i.kind not in (*_NAMES, *LIKENESS)),
    )


def _is_stranger_with_record(signal: Signal, lead_id: str, named: list[_Named], lead_of: LeadOf) -> bool:
    """Whether the signal's person is another one than the lead, whose deal or activity it is about."""
    if signal.lead_id is not None or any(one.identity.kind == "handover" for one in named):
        return False
    lead = lead_of(lead_id)
    if lead is None or names_agree(lead.names, signal.names) is True:
        return False
    return is_stranger(lead, signal) or (new_address(signal) is None and is_another_record(lead, signal))


def _first(named: list[_Named], ranks: range) -> str | None:
    """The lead or account that the first of these ranks names."""
    for one in named:
        if one.rank in ranks:
            return one.who
    return None


def _others(lead: str | None, named: list[_Named]) -> Others:
    others: dict[str, dict[str, None]] = {}
    for one in named:
        if one.who != lead and one.rank < _THROUGH.start:
            others.setdefault(one.who, {})[one.identity.kind] = None
    return tuple([(who, tuple(kinds)) for who, kinds in sorted(others.items())]) if others else ()


def likeness_score(kinds: tuple[str, ...]) -> float:
    """How much these kinds together say that two leads are one person: 1 minus the product of their doubts."""
    doubt = 1.0
    for kind in kinds:
        doubt *= 1 - _WEIGHTS.get(kind, 0.0)
    return round(1 - doubt, 2)


def pointers(signal: Signal, resolution: Resolution) -> dict[Key, str]:
    """For a signal that is about nobody known yet: its deals and activities point to the person that they name, so that
    what later names only the deal finds its lead, whichever of the records came first."""
    naming = next((i for i in resolution.unlinked if i.kind in ("person", "email")), None)
    if resolution.lead_id is not None or naming is None:
        return {}
    pointer = f"{naming.kind}{POINTER}{naming.digest}"
    return {key(signal, identity): pointer for identity in resolution.unlinked if identity.kind in ("deal", "activity")}


def _identities_to_link(nobody: list[IdentityKey], kinds: tuple[str, ...]) -> tuple[IdentityKey, ...]:
    likens = LIKENESS if kinds is _LINKED else ()
    return tuple([i for i in nobody if i.kind in likens or (i.verified and i.kind in kinds)])
