"""Which operations follow from an event. Pure: the same event and settings give the same plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, assert_never

from schemas.envelope import Envelope, instant
from schemas.events import (
    EventData,
    HandoverAccepted,
    HandoverFollowedUp,
    HandoverOffered,
    HandoverTransferred,
    LeadErased,
    LeadMerged,
    LeadOwnerChanged,
    LeadStageChanged,
    LeadTouched,
    Owner,
    SlaBreached,
    SlaWarned,
)
from schemas.json_values import JsonValue
from schemas.sinks import CrmSink, ValueName
from services.sinks.outcomes import Trouble
from services.sinks.planning import promise
from services.sinks.planning.answers import OUTCOMES, answer_changes, end_task, move
from services.sinks.planning.facts import Facts, facts_of, map_facts
from services.sinks.planning.note import note_text, task_text
from services.sinks.planning.operations import Change, Ensure, Link, Operation, Plan
from services.sinks.planning.promise import promise_changes
from services.sinks.planning.touches import Touched, touches_plan
from services.sinks.records import Key, Wanted

EVENTS: frozenset[str] = (
    frozenset(
        event.type_name
        for event in (
            HandoverOffered,
            HandoverAccepted,
            HandoverFollowedUp,
            HandoverTransferred,
            *OUTCOMES,
            LeadOwnerChanged,
            LeadStageChanged,
            LeadMerged,
            SlaWarned,
            SlaBreached,
            LeadTouched,
            LeadErased,
        )
    )
    | promise.EVENTS
)
"""The events of which something follows in a CRM."""
Values = dict[ValueName, JsonValue]


def events_of(sink: CrmSink) -> frozenset[str]:
    """Those of which something follows by this entry: nobody carries out what is mapped to nothing."""
    unused = set() if sink.fields.of_promise else promise.EVENTS - {SlaBreached.type_name}
    unused |= set() if sink.task.high_from == "warning" else {SlaWarned.type_name}
    return EVENTS - unused - (set() if sink.note.touches else {LeadTouched.type_name})


class OpenHandover(NamedTuple):
    """A hand-over that is not over, the newest offer of it that has a task, and what is kept of what the lead did."""

    id: str
    offer_id: str | None = None
    touched: Touched | None = None


class Settings(NamedTuple):
    """A sink, and how it finds the id that the CRM knows an owner by: None where the roster has none. `system` is the name that
    the CRM has in references, `public_url` is where links to our API begin, None where nobody outside could follow one. `takes` says of a
    hand-over's facts whether this sink gets it."""

    sink: CrmSink
    owner_id: Callable[[Owner], str | None]
    system: str
    public_url: str | None = None
    takes: Callable[[Facts], bool] = lambda _facts: True


def plan_of(event: Envelope, data: EventData, settings: Settings, newest: OpenHandover | None = None) -> Plan:
    """What follows from the event. `newest` is the lead's newest hand-over that this sink has made and that is not over, for events
    that name none. Raises Trouble (refused_data) where the owner has no id there."""
    match data:
        case HandoverOffered():
            return _offer_where_taken(event, data, settings, newest)
        case LeadOwnerChanged() | LeadStageChanged() | LeadTouched():
            return _follow_lead(event, data, settings, newest) if newest is not None else ()
        case HandoverTransferred():
            is_newest = newest is not None and newest.id == data.handover_id
            return _give(newest if is_newest else OpenHandover(data.handover_id), data.owner, settings)
        case SlaWarned():
            return _hurry(data, newest, settings.sink)
        case SlaBreached():
            return (*_hurry(data, newest, settings.sink), *promise_changes(data, settings.sink.fields))
        case _ if event.type in promise.EVENTS:
            return promise_changes(data, settings.sink.fields)
        case _:
            return answer_changes(event, data, settings.sink.fields)


def _follow_lead(
    event: Envelope, data: LeadOwnerChanged | LeadStageChanged | LeadTouched, settings: Settings, newest: OpenHandover
) -> Plan:
    """What happened to the lead, and names no hand-over, happened to its newest."""
    match data:
        case LeadOwnerChanged():
            return (*_give(newest, data.to_owner, settings), *_give_contact(event.subject, data.to_owner, settings))
        case LeadStageChanged():
            went_back = data.from_stage == "hand_over" and data.to_stage not in ("hand_over", "deal")
            return move(newest.id, "returned") if went_back else ()
        case LeadTouched():
            note = settings.sink.note
            return touches_plan(event, data, newest.touched or Touched(newest.id), note) if note.touches else ()
        case _:
            assert_never(data)


def _offer_where_taken(
    event: Envelope, offer: HandoverOffered, settings: Settings, newest: OpenHandover | None
) -> Plan:
    # A hand-over that is there goes on: its next owner has to have it.
    is_there = newest is not None and newest.id == offer.handover_id
    if offer.personal is None:
        # Who it was has been erased since: there is nobody to write.
        return ()
    facts = facts_of(event, offer, settings.public_url)
    if not is_there and not settings.takes(facts):
        return ()
    return tuple(_offer(event, offer, settings, facts=facts, is_there=is_there))


def _offer(
    event: Envelope, offer: HandoverOffered, settings: Settings, *, facts: Facts, is_there: bool
) -> list[Operation]:
    """`is_there`: the opportunity is, so that what came of its last offer is over."""
    sink = settings.sink
    contact, opportunity = _contact_key(event, offer, settings), Key("opportunity", offer.handover_id)
    operations: list[Operation] = []
    hangs_on: list[Key] = []
    if sink.company and offer.dossier.company_domain is not None:
        company = Key("company", offer.dossier.company_domain)
        operations.append(Ensure("company", _company(company, facts, sink)))
        hangs_on.append(company)
    operations.append(Ensure("contact", _contact(contact, facts, offer, settings), tuple(hangs_on)))
    hangs_on.append(contact)
    wanted = _opportunity(opportunity, facts, offer, settings)
    if is_there:
        wanted = wanted._replace(extra={**wanted.extra, **dict.fromkeys(sink.fields.of_outcome)})
    operations.append(Ensure("opportunity", wanted, tuple(hangs_on), "offered"))
    operations += [Link(f"link_{other.kind}", opportunity, other) for other in hangs_on]
    note = _note(offer, facts, sink, (opportunity, *hangs_on))
    if offer.offer_number == 1:
        operations.append(note)
    operations += end_task(_offer_before(offer), "cancelled")
    if offer.offer_id is not None:
        operations.append(_task(offer, facts, settings, (opportunity, *hangs_on)))
    if offer.offer_number > 1:
        # An edit of the note may have to wait; whoever is offered it now has their task before.
        operations.append(note)
    return operations


def _contact_key(event: Envelope, offer: HandoverOffered, settings: Settings) -> Key:
    person = offer.personal.person if offer.personal else None
    known = next(
        (r.id for r in offer.references if r.object == "person" and r.system == settings.system),
        None,
    )
    email, phone = (person.email, person.phone) if person else (None, None)
    return Key("contact", event.subject, email=email and email.strip().lower(), phone=phone, known_id=known)


def _contact(key: Key, facts: Facts, offer: HandoverOffered, settings: Settings) -> Wanted:
    names: tuple[ValueName, ...] = ("email", "first_name", "last_name", "full_name", "phone")
    values: Values = {name: facts.get(f"contact.{name}") for name in names}
    if settings.sink.set_contact_owner and offer.owner is not None:
        values["owner"] = _owner_id(offer.owner, settings)
    return _without_blanks(key, values, map_facts(settings.sink.fields.contact, facts), frozenset(settings.sink.owns))


def _company(key: Key, facts: Facts, sink: CrmSink) -> Wanted:
    values: Values = {"name": facts.get("company.name") or key.text, "domain": key.text}
    return _without_blanks(key, values, map_facts(sink.fields.company, facts), frozenset(sink.owns))


def _opportunity(key: Key, facts: Facts, offer: HandoverOffered, settings: Settings) -> Wanted:
    values: Values = {"name": _title(facts)}
    if offer.owner is not None:
        values["owner"] = _owner_id(offer.owner, settings)
    if due := _due(offer, settings.sink):
        values["due_at"] = due
    # What a person changed there stays: a second offer is for another person by another time, and nothing else.
    fields = settings.sink.fields
    owned = frozenset({"owner", "due_at", *fields.of_promise, *fields.of_outcome})
    return _without_blanks(key, values, map_facts(settings.sink.fields.opportunity, facts), owned)


def _note(offer: HandoverOffered, facts: Facts, sink: CrmSink, hangs_on: tuple[Key, ...]) -> Ensure:
    key = Key("note", f"{offer.handover_id}/dossier")
    text = note_text(offer, sink.note, facts, key.marker)
    return Ensure("note", _without_blanks(key, {"text": text}, owned=frozenset({"text"})), hangs_on)


def _task(offer: HandoverOffered, facts: Facts, settings: Settings, hangs_on: tuple[Key, ...]) -> Ensure:
    key = Key("task", offer.offer_id or "")
    sink = settings.sink
    values: Values = {"subject": _title(facts), "state": "open", "due_at": _due(offer, sink)}
    values["text"] = task_text(sink.note, facts, key.marker)
    if offer.owner is not None:
        values["owner"] = _owner_id(offer.owner, settings)
    # One that is there already was perhaps done by somebody: it stays as it is.
    return Ensure("task", _without_blanks(key, values, owned=frozenset()), hangs_on)


def _due(offer: HandoverOffered, sink: CrmSink) -> str | None:
    by, otherwise = offer.follow_up_due_at, offer.expires_at
    match sink.task.due:
        case "follow_up":
            at = by or otherwise
        case "expires_at":
            at = otherwise
        case unknown:
            assert_never(unknown)
    return instant(at) if at is not None else None


def _title(facts: Facts) -> str:
    parts = (facts.get("company.name") or facts.get("company.domain"), facts.get("contact.full_name"))
    return " – ".join(str(part) for part in parts if part) or str(facts["handover.id"])


def _offer_before(offer: HandoverOffered) -> str | None:
    """The id of the offer before this one of the same hand-over."""
    return f"{offer.handover_id}.{offer.offer_number - 1}" if offer.offer_number > 1 else None


def _give(handover: OpenHandover | None, owner: Owner | None, settings: Settings) -> tuple[Change, ...]:
    """The opportunity has another owner, and so has the task that is open for it; one that is done stays with who did it."""
    if handover is None or owner is None:
        return ()
    values: Values = {"owner": _owner_id(owner, settings)}
    opportunity = Change("opportunity", _without_blanks(Key("opportunity", handover.id), values))
    if handover.offer_id is None:
        return (opportunity,)
    return (opportunity, Change("task", _without_blanks(Key("task", handover.offer_id), values)))


def _give_contact(lead_id: str, owner: Owner | None, settings: Settings) -> tuple[Change, ...]:
    """The contact has the owner too, where the file says so; one that a person gave to somebody stays theirs."""
    if owner is None or not settings.sink.set_contact_owner:
        return ()
    wanted = _without_blanks(Key("contact", lead_id), {"owner": _owner_id(owner, settings)})
    return (Change("contact_owner", wanted),)


def _hurry(data: SlaWarned | SlaBreached, newest: OpenHandover | None, sink: CrmSink) -> tuple[Change, ...]:
    """The task that the promise is about has a high priority: that of its offer, or of the newest one of its hand-over."""
    if not (sink.task.high_from == "warning" or (sink.task.high_from == "breach" and isinstance(data, SlaBreached))):
        return ()
    offer_id = data.subject_id if data.subject_kind == "offer" else None
    if offer_id is None and newest is not None and newest.id == data.handover_id:
        offer_id = newest.offer_id
    if offer_id is None:
        return ()
    return (Change("hurry_task", _without_blanks(Key("task", offer_id), {"priority": "high"})),)


def _owner_id(owner: Owner, settings: Settings) -> str:
    found = settings.owner_id(owner)
    if found is None:
        raise Trouble("refused_data", "owner_has_no_id_there", field=f"roster: {owner.person}, ids, {settings.system}")
    return found


def _without_blanks(
    key: Key, values: Values, extra: dict[str, JsonValue] | None = None, owned: frozenset[str] | None = None
) -> Wanted:
    return Wanted(key, {name: value for name, value in values.items() if value is not None}, extra or {}, owned)
