"""What a lead takes in from a signal before anything is decided: who it is, what was done, what was consented."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from routing.agreement import attributes
from routing.draft import Draft
from routing.lead.consent_requests import ASKED_FOR, may_give
from routing.lead.proof import ANSWER, ATTRIBUTE, TAG, Scale, is_outranked, note_proof
from routing.model.bounds import MAX_REFERENCES, MAX_TAGS, answers
from routing.model.contradictions import names_after
from routing.model.ids import derive
from routing.model.records import Lead, LeadPersonal
from schemas.events import Stage
from schemas.signals import INBOUND, TOUCHES, Kind, Person, Signal, happened_at

COMPANY = ("name", "domain", "industry", "country", "employees", "region", "city", "postcode")
"""Facts of the company that the lead keeps."""
NAMES = ("first_name", "last_name", "full_name")
_KEPT_AS = tuple(f"company_{name}" for name in COMPANY)
_UNKNOWN = (None,) * len(COMPANY)
_held_company = attrgetter(*_KEPT_AS)
_of_company = attrgetter(*COMPANY)
_of_person = attrgetter("email", "first_name", "last_name", "full_name", "phone")
# A kind that each touch is compared with has a name of its own: to look one up at its class costs a call.
_STEP = Kind.SALES_FOLLOW_UP


def new_lead(signal: Signal, stage: Stage) -> Lead:
    """A lead as this signal makes it; its id comes from the signal's."""
    at = happened_at(signal)
    return Lead(
        id=derive("lead", signal.id),
        brand=signal.brand,
        partition_key=signal.partition_key,
        created_at=at,
        stage=stage,
        stage_since=at,
        pass_since=at,
        source=signal.source,
        proof=signal.proof,
        names=(),
        unowned_reason="marketing",
    )


def absorb(draft: Draft) -> None:
    """Takes the signal's facts into the lead. An older or a less proven fact fills gaps and replaces nothing."""
    lead, signal = draft.lead, draft.signal
    note_proof(lead, signal)
    _take_facts(draft)
    for consent in signal.consents:
        at = consent.at if signal.proof == "signed" else None
        note_consent(draft, consent.purpose, consent.state, min(at or draft.at, signal.received_at))
    if signal.kind in TOUCHES:
        _count_signal(draft)
        if lead.last_touch_at is None or draft.at > lead.last_touch_at:
            lead.last_touch_at = draft.at


def _take_facts(draft: Draft) -> None:
    """What is said of the person and of the company, each fact weighed by its time and its proof."""
    lead, signal = draft.lead, draft.signal
    newer = lead.last_touch_at is None or draft.at >= lead.last_touch_at
    scale = Scale(lead, signal, newer)
    if (personal := _personal(lead.personal, signal, scale, newer)) is not lead.personal:
        lead.personal = personal
    if _learn(lead, signal, scale):
        draft.note_learned()
    if signal.fields:
        _take_attributes(draft, scale)
    if signal.tags:
        _take_tags(lead, signal, scale)
    scale.keep()
    if scale.refused:
        draft.evidence["proposed_facts"] = sorted(scale.refused)
    outranked = is_outranked(lead, signal)
    if signal.names and (lead.names is None or not outranked):
        lead.names = names_after(lead.names, signal.names, newer)
    if signal.references != lead.references and not outranked:
        _add_references(lead, signal)


def _learn(lead: Lead, signal: Signal, scale: Scale) -> bool:
    """Whether a fact that is decided on is another one now; the campaign alone is none."""
    company, held, learned = _of_company(signal.company), _held_company(lead), False
    if company != _UNKNOWN and (company != held or lead.assumed or not scale.is_plain):
        for name, stated, held_value in zip(COMPANY, company, held, strict=True):
            if stated is not None and _is_learned(lead, signal, name=name, stated=stated, held=held_value, scale=scale):
                setattr(lead, f"company_{name}", stated)
                learned = True
    if signal.language is not None and scale.take_fact("language", signal.language, lead.language):
        lead.language, learned = signal.language, True
    if signal.campaign is not None and scale.take_fact("campaign", signal.campaign, lead.campaign):
        lead.campaign = signal.campaign
    return learned


def _is_learned(lead: Lead, signal: Signal, name: str, stated: str | int, held: str | int | None, scale: Scale) -> bool:
    """Whether it becomes the lead's fact. What was only assumed gives way to what somebody as much proven says, and replaces
    no such."""
    fact, guess, guessed = f"company_{name}", name in signal.assumed, name in lead.assumed
    if guess:
        if held is not None and not guessed:
            return False
        if scale.take_fact(fact, stated, held):
            lead.assumed = lead.assumed if guessed else (*lead.assumed, name)
            return True
        return False
    if guessed and scale.is_as_proven(fact):
        lead.assumed = tuple(one for one in lead.assumed if one != name)
        scale.take_fact(fact, stated, None)
        return stated != held
    return scale.take_fact(fact, stated, held)


def _add_references(lead: Lead, signal: Signal) -> None:
    people = [r for r in signal.references if r.object == "person" and r not in lead.references]
    if people:
        lead.references = (*lead.references, *people)[-MAX_REFERENCES:]


def drop_references(lead: Lead, gone: set[tuple[str, str]]) -> None:
    """Drops the references to these records, which are no more, by their system and id."""
    lead.references = tuple(r for r in lead.references if (r.system, r.id) not in gone)


def _take_attributes(draft: Draft, scale: Scale) -> None:
    """Takes in the attributes. They are evidence as well: fields are personal and do not outlive an erasure, while what
    was decided on does."""
    stated = attributes.read(draft.context.agreement.attributes, draft.signal.fields)
    if not stated:
        return
    held = draft.lead.attributes or {}
    stated = {
        name: value for name, value in stated.items() if scale.take_fact(f"{ATTRIBUTE}{name}", value, held.get(name))
    }
    if stated:
        draft.lead.attributes = {**held, **stated}
        draft.evidence["attributes"] = stated


def note_consent(draft: Draft, purpose: str, state: str, at: datetime) -> None:
    """Keeps the consent for one purpose. The latest statement counts, so that an older one which arrives late undoes no
    withdrawal; whatever is said replaces what is only asked for."""
    lead = draft.lead
    if state == "given" and not may_give(lead, draft.signal, purpose):
        state = ASKED_FOR
    if may_replace(state, at, lead.consents.get(purpose), lead.consents_at.get(purpose)):
        put_consent(lead, purpose, state, at)


def put_consent(lead: Lead, purpose: str, state: str, at: datetime) -> None:
    """Puts the state of the consent for this purpose, and when it was said."""
    put_consents(lead, {**lead.consents, purpose: state}, {**lead.consents_at, purpose: at})


def put_consents(lead: Lead, states: dict[str, str], said_at: dict[str, datetime]) -> None:
    """Puts all consents, each with when it was said."""
    lead.consents, lead.consents_at = states, said_at


def may_replace(state: str, at: datetime, current: str | None, current_at: datetime | None) -> bool:
    """Whether this state of a consent, said then, replaces the one that is known."""
    if current is None or current_at is None:
        return True
    if ASKED_FOR in (state, current):
        return state != ASKED_FOR
    return at > current_at or (at == current_at and state == "withdrawn")


def is_genuine(signal: Signal) -> bool:
    """Whether a person did it: neither an auto-reply nor a system's record, and done, not planned."""
    planned = signal.sales is not None and signal.sales.done is False
    return not signal.automated and signal.actor.kind not in ("automation", "system") and not planned


def counts_for_pass(draft: Draft) -> bool:
    """Within a pass only what happened since it began counts, so that nobody bounces back with yesterday's facts. The
    first pass has no yesterday: a fact that overtook the one which made the lead takes nothing from it."""
    return is_in_pass(draft.lead, draft.at)


def is_in_pass(lead: Lead, at: datetime) -> bool:
    """Whether what happened then counts for the lead's pass of now."""
    if lead.stage == "nurturing":
        return at >= lead.stage_since
    return lead.pass_number == 1 or at >= lead.pass_since


def forget_counts(lead: Lead) -> None:
    """Forgets what was counted in the pass that is over."""
    lead.recent = {}


def _count_signal(draft: Draft) -> None:
    lead, signal = draft.lead, draft.signal
    if _is_counted(signal) and counts_for_pass(draft):
        earlier = lead.recent.get(signal.kind, ())
        instants = with_instant(earlier, draft.instant, draft.context.agreement.kept)
        lead.recent = {**lead.recent, str(signal.kind): instants}


def _is_counted(signal: Signal) -> bool:
    """An automatic answer is no engagement; a step that is only planned, or that no person took, is no attempt to reach
    anybody."""
    if signal.automated and signal.kind in INBOUND:
        return False
    return signal.kind != _STEP or is_genuine(signal)


def with_instant(earlier: tuple[int, ...], instant: int, kept: int) -> tuple[int, ...]:
    """In order, the newest `kept` of them."""
    if not earlier or instant >= earlier[-1]:
        return (*earlier, instant)[-kept:]
    return tuple(sorted((*earlier, instant)))[-kept:]


def _take_tags(lead: Lead, signal: Signal, scale: Scale) -> None:
    """Somebody unproven takes off no tag but their own kind's, and theirs make room for others."""
    if signal.kind == Kind.TAG_REMOVED:
        gone = {tag for tag in signal.tags if tag in lead.tags and scale.may_drop(f"{TAG}{tag}")}
        lead.tags = tuple(tag for tag in lead.tags if tag not in gone)
        return
    for tag in signal.tags:
        scale.take_fact(f"{TAG}{tag}", True, True if tag in lead.tags else None)
    tags = tuple(dict.fromkeys((*lead.tags, *signal.tags)))
    if len(tags) > MAX_TAGS and signal.proof == "signed":
        tags = tuple(sorted(tags, key=lambda tag: scale.is_unproven(f"{TAG}{tag}")))
    lead.tags = tags[:MAX_TAGS]


def _personal(personal: LeadPersonal, signal: Signal, scale: Scale, newer: bool) -> LeadPersonal:
    who, kept = _person(personal.person, signal.person, scale), personal.answers
    if signal.fields:
        kept = _answers(kept, signal.fields, scale, newer)
    elif who is personal.person:
        return personal
    return personal.but(person=who, answers=kept)


def _answers(held: dict[str, object], stated: dict[str, object], scale: Scale, newer: bool) -> dict[str, object]:
    """Where there are too many the first go: what is older, and before it what nobody proven said."""
    if scale.is_plain:
        return answers({**held, **stated} if newer else {**stated, **held})
    taken = {name: value for name, value in stated.items() if scale.take_fact(f"{ANSWER}{name}", value, held.get(name))}
    both = {**held, **taken} if newer else {**taken, **held}
    return answers(dict(sorted(both.items(), key=lambda item: not scale.is_unproven(f"{ANSWER}{item[0]}"))))


def _person(held: Person, more: Person, scale: Scale) -> Person:
    if scale.is_plain and (more == held or not _says_more(more, held)):
        return held
    held_fields, stated = held.known_fields(), more.known_fields()
    if any(name in held_fields and not scale.is_as_proven(name) for name in NAMES):
        # A name is one fact in three fields: no stranger's first name beside a proven last name.
        stated = {name: value for name, value in stated.items() if name not in NAMES or name in held_fields}
    taken = {name: value for name, value in stated.items() if scale.take_fact(name, value, held_fields.get(name))}
    return held.but(**taken) if taken else held


def _says_more(person: Person, held: Person) -> bool:
    """Whether something is said of the person that is not known, or is known otherwise."""
    return any(new is not None and new != old for new, old in zip(_of_person(person), _of_person(held), strict=True))
