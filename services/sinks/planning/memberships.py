"""Which audiences a lead enters and leaves because of an event. Pure: the same event, settings and memberships give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from schemas.agreement import Nurturing
from schemas.envelope import Envelope
from schemas.events import (
    EventData,
    LeadErased,
    ListReleased,
    ListStopped,
    NurtureEntered,
    NurtureLeft,
    SuppressionChanged,
    SuppressionReleased,
    SuppressionStarted,
)
from schemas.sinks.marketing import AudienceEntry, MarketingSink, SuppressionEntry
from schemas.words import probably
from services.sinks.audiences import Audience, Membership, Purpose, Who

EVENTS: frozenset[str] = frozenset(
    event.type_name
    for event in (
        SuppressionStarted,
        SuppressionChanged,
        SuppressionReleased,
        NurtureEntered,
        NurtureLeft,
        ListStopped,
        ListReleased,
        LeadErased,
    )
)
"""The events of which something follows at a marketing platform."""
Telling = SuppressionStarted | SuppressionChanged | NurtureEntered | ListStopped
"""Events that say who it is about, and put them somewhere."""


class Identify(NamedTuple):
    """The person's contact there is found; made where it is not there and `create` says so."""

    name: str
    who: Who
    create: bool


class Enter(NamedTuple):
    """The contact is put into the audience, and what it was before is kept."""

    name: str
    audience: Audience
    purpose: Purpose
    reason: str


class Leave(NamedTuple):
    """The contact is what it was before we put it in, where nobody else needs it in and it is still as we left it."""

    name: str
    membership: Membership


class EraseContact(NamedTuple):
    """The contact that we made is deleted, where the file says so; one of others stays."""

    name: str


MembershipOperation = Identify | Enter | Leave | EraseContact
MembershipPlan = tuple[MembershipOperation, ...]


class MarketingSettings(NamedTuple):
    """A sink, the name that its platform has in references, and which of several accounts there it is; None: there is one."""

    sink: MarketingSink
    system: str
    account: str | None = None


def memberships_plan(
    event: Envelope, data: EventData, settings: MarketingSettings, held: Sequence[Membership]
) -> MembershipPlan:
    """What follows from the event. `held` are the memberships that the lead holds by now."""
    match data:
        case SuppressionStarted() | SuppressionChanged():
            operations = _suppress(data, settings.sink, held)
        case SuppressionReleased():
            operations = _leave(held, "suppression", "exempt")
        case NurtureEntered():
            operations = _nurture(data, settings.sink, held)
        case NurtureLeft():
            operations = _leave(held, "nurture")
        case LeadErased():
            # What stops mail stays: they are not written to because they were erased.
            operations = chain(_leave(held, "nurture", "exempt"), [EraseContact("erase_contact")])
        case ListStopped():
            audiences = _audiences(settings.sink.stopped_lists, data.lists)
            operations = _enter(audiences, "stopped_list", "list_stopped")
        case ListReleased():
            audiences = _audiences(settings.sink.stopped_lists, data.lists)
            operations = (leave for leave in _leave(held, "stopped_list") if leave.membership.audience in audiences)
        case _:
            return ()
    plan = tuple(operations)
    if isinstance(data, Telling) and any(isinstance(operation, Enter) for operation in plan):
        return (Identify("contact", _who(event, data, settings), settings.sink.create), *plan)
    return plan


def suppression_audiences(sink: MarketingSink, entry: SuppressionEntry) -> tuple[Audience, ...]:
    """What a lead is put into while its mail has to stop."""
    hard = (Audience("unsubscribed", ident) for ident in sink.hard_ids()) if entry.hard else ()
    return (*(Audience(*named) for named in entry.ids()), *hard)


def all_audiences(sink: MarketingSink) -> tuple[Audience, ...]:
    """Every audience that the sink names."""
    named = [Audience(*of) for _, entry in sink.entries() for of in entry.ids()]
    return tuple(dict.fromkeys((*named, *(suppression_audiences(sink, sink.suppression) if sink.suppression else ()))))


def marketing_problems(sink: MarketingSink, brands: Iterable[str], nurturing: Nurturing) -> Iterator[str]:
    """What of the entry means nothing by the agreement, a line each."""
    for brand in sink.brands:
        if brand not in set(brands):
            yield f"brands: `{brand}` is no brand of the agreement ({', '.join(sorted(brands))})"
    programmes = {programme.name for track in nurturing.all.values() for programme in track.entry}
    for place, named, known in (("tracks", sink.tracks, nurturing.all), ("programmes", sink.programmes, programmes)):
        for name in named:
            if name not in known:
                yield f"{place}: `{name}` is none of the agreement{probably(name, known)}"
    if sink.suppression is None:
        yield "suppression: none is named, so this sink stops nobody's mail; say which audience programmes leave out"


def _suppress(
    data: SuppressionStarted | SuppressionChanged, sink: MarketingSink, held: Sequence[Membership]
) -> Iterator[MembershipOperation]:
    """Exceptions first, so that no programme that may go on stops meanwhile."""
    if sink.suppression is None:
        return
    exempt = _audiences(sink.suppression.exempt, data.exempt_lists)
    yield from _enter(exempt, "exempt", data.reason)
    yield from _enter(suppression_audiences(sink, sink.suppression), "suppression", data.reason)
    yield from (leave for leave in _leave(held, "exempt") if leave.membership.audience not in exempt)


def _nurture(data: NurtureEntered, sink: MarketingSink, held: Sequence[Membership]) -> Iterator[MembershipOperation]:
    """Its own track counts before the one that it is within. What it was in for another track it leaves first."""
    track = data.own_track if data.own_track in sink.tracks else data.track
    wanted = (*_audiences(sink.tracks, (track,)), *_audiences(sink.programmes, (data.programme or "",)))
    yield from (leave for leave in _leave(held, "nurture") if leave.membership.audience not in wanted)
    yield from _enter(dict.fromkeys(wanted), "nurture", data.reason)


def _enter(audiences: Iterable[Audience], purpose: Purpose, reason: str) -> Iterator[Enter]:
    return (Enter(f"enter {audience}", audience, purpose, reason) for audience in audiences)


def _leave(held: Sequence[Membership], *purposes: Purpose) -> Iterator[Leave]:
    return (Leave(f"leave {membership.key}", membership) for membership in held if membership.purpose in purposes)


def _audiences(entries: Mapping[str, AudienceEntry], names: Iterable[str | None]) -> tuple[Audience, ...]:
    found = (entries[name] for name in names if name is not None and name in entries)
    return tuple(dict.fromkeys(Audience(*named) for entry in found for named in entry.ids()))


def _who(event: Envelope, data: Telling, settings: MarketingSettings) -> Who:
    """The person by the id there that a webhook told last, and by their address; neither is known of somebody erased."""
    people = [r for r in data.references if r.object == "person" and r.system == settings.system]
    ids = [r.id for r in people if r.account is None or settings.account in (None, r.account)]
    known_id = ids[-1] if ids else None
    if data.personal is None:
        return Who(event.subject, known_id=known_id)
    person = data.personal.person
    return Who(
        event.subject,
        email=person.email.strip().lower() if person.email else None,
        known_id=known_id,
        first_name=person.first_name,
        last_name=person.last_name,
    )
