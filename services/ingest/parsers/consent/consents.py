"""Consents as a record's fields state them, and as a form's boxes give them.

An opt-out is read from the field of any sender by its name, or from an object that says a state of a channel. What is false or absent
there is no consent: a record's yes counts only with the time at which it was given, for nobody knows whether what was taken back
elsewhere came after it. A box that was ticked is an act of now; one that was not is no withdrawal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import assert_never

from schemas.json_values import PLAIN, JsonObject, JsonValue
from schemas.signals import INBOUND, Consent, Parsed
from services.ingest.parsers.consent.field_names import NEGATED, OUT, Field, meaning_of, purpose_of
from services.ingest.parsers.consent.yes_no_words import State, state_of, status_of, yes_or_no
from services.ingest.parsers.reading.by_names import (
    Names,
    are_labels_unique,
    cache_by_names,
    names_by_label,
    names_of,
)
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text, when
from services.ingest.parsers.reading.tables import words

MAX_FIELDS = 500
"""Fields of one object that are looked at, and objects in all."""
MAX_LEVELS = 4
MAX_CONSENTS = 20
_LONGEST = 200
"""Characters of a value that may be a word for yes or no; a longer one is a text, or a link."""


_STATES = words("""
    state status consent value granted given opted_in subscribed accepted active consented is_granted
    subscription_status opt_in
""")
_MOMENTS = words("""
    consent_updated_at consent_timestamp updated_at timestamp at date occurred_at last_updated last_updated_at
    created_at collected_at granted_at given_at consented_at time opt_in_timestamp last_modified
""")
_PURPOSES = words("""
    purpose channel type topic name category consent_type communication_type key id legal_basis_purpose
""")
_HOLDERS = re.compile(
    r"(?:^|_)(?:consents?|subscriptions?|permissions?|preferences?|opt_?ins?|opt_?outs?|dnd_settings|do_not_contact|marketing)(?:_|$)"
)
"""Objects and lists whose members state consents."""


def states_in(record: JsonValue) -> tuple[Consent, ...]:
    """Of a record: who opted out of what, and what was consented with its time. `basis` is the field's name."""
    return _one_each(_read(record, acts=False))


def acts_in(fields: Mapping[str, JsonValue]) -> tuple[Consent, ...]:
    """Of a form that was filled in: boxes that were ticked as well."""
    return _one_each(_read(fields, acts=True))


def with_stated_consents(parsed: Parsed) -> Parsed:
    """With the consents that its answers state and its parser did not read; the same object where there are none."""
    if not parsed.fields:
        return parsed
    consents = (acts_in if parsed.kind in INBOUND else states_in)(parsed.fields)
    result = with_consents(parsed, consents)
    unclear = [c.basis for c in consents if c.basis in parsed.fields and _is_unclear(parsed.fields[c.basis])]
    findings = (f"`{name}` says neither yes nor no: taken as withdrawn" for name in unclear)
    return result.but(findings=(*result.findings, *findings)) if unclear else result


def _is_unclear(value: JsonValue) -> bool:
    answer = yes_or_no(value) if status_of(value) is None else True
    return answer is None and when(value) is None and not _AGREES.search(label(str(value)[:_LONGEST]))


def with_consents(parsed: Parsed, consents: tuple[Consent, ...]) -> Parsed:
    """With these as well; of one purpose what is there already counts, unless this one is a withdrawal and that is none."""
    held = {consent.purpose: consent for consent in parsed.consents}
    new = [
        c for c in consents if c.purpose not in held or (c.state == "withdrawn" and held[c.purpose].state == "given")
    ]
    if not new:
        return parsed
    kept = [c for c in parsed.consents if c.purpose not in {other.purpose for other in new}]
    return parsed.but(consents=(*kept, *new)[:MAX_CONSENTS])


def _one_each(consents: Iterator[Consent]) -> tuple[Consent, ...]:
    """Of each purpose one: a withdrawal before a consent."""
    by: dict[str, Consent] = {}
    for consent in islice(consents, MAX_FIELDS):
        earlier = by.get(consent.purpose)
        if earlier is None or (consent.state == "withdrawn" and earlier.state == "given"):
            by[consent.purpose] = consent
    return tuple(by.values())[:MAX_CONSENTS]


def _read(value: JsonValue, acts: bool, within: str = "", levels: int = MAX_LEVELS) -> Iterator[Consent]:
    """Field by field, and what is in objects; `within` is the name of the object."""
    if isinstance(value, list):
        for row in islice(value, 50):
            if isinstance(row, dict):
                yield from _of_object(within, row, acts, levels)
        return
    if type(value) is not dict and not isinstance(value, Mapping):
        return
    beside, stating = _Beside(value), _stating(names_of(value, MAX_FIELDS))
    shown = islice(value.items(), MAX_FIELDS)
    for name, held in [(name, held) for name, held in shown if type(held) not in PLAIN or name in stating]:
        if type(held) not in PLAIN and isinstance(held, Mapping | list):
            yield from _of_object(name, held, acts=acts, levels=levels - 1, around=within) if levels else ()
        elif name in stating and (consent := _of_field(name, held, beside, acts)) is not None:
            yield consent


@cache_by_names
def _stating(names: Names) -> frozenset[str]:
    """Those that may state a consent."""
    return frozenset(name for name in names if meaning_of(name) is not None)


def _of_object(name: str, held: JsonValue, acts: bool, levels: int, around: str = "") -> Iterator[Consent]:
    """An object that states a consent itself (`email_marketing_consent: {state, consent_updated_at}`), or holds others that do."""
    if isinstance(held, list):
        if len(held) == 1 and not isinstance(held[0], Mapping | list):
            yield from _only(_of_field(name, held[0], None, acts))
        else:
            yield from _read(held, acts, name, levels)
        return
    low = {label(str(key)): value for key, value in islice(held.items(), MAX_FIELDS)}
    field, path = meaning_of(name), f"{around} {name}"
    holds = _HOLDERS.search(label(path)) is not None
    if field is not None and not isinstance(low.get("value", []), Mapping | list):
        # `{value, timestamp}`, as some platforms write each field.
        yield from _only(_of_field(name, low["value"], beside=_Beside(held), acts=acts, at=_moment(low)))
    elif holds and (stated := _stated_in(low)) is not None:
        yield from _only(_consent_of_object(path, low, stated))
    elif OUT.search(label(path)) and (channel := text(low.get("channel"))):
        yield from _only(_not_to_do(path, channel, text(low.get("reason"))))
    elif holds or (field is not None and field.what == "out"):
        yield from _members(path, held, acts, levels)
    else:
        yield from _read(held, acts, name, levels)


def _only(consent: Consent | None) -> Iterator[Consent]:
    if consent is not None:
        yield consent


def _stated_in(low: Mapping[str, JsonValue]) -> JsonValue:
    return next((low[key] for key in _STATES if key in low and not isinstance(low[key], Mapping | list)), None)


def _not_to_do(path: str, channel: str, reason: str | None) -> Consent | None:
    """A row of what not to do; a bounce (2) is nobody's word, and 0 is none."""
    if reason in ("0", "2"):
        return None
    return Consent(purpose=purpose_of(label(channel).split("_"), "all"), state="withdrawn", basis=path.strip()[:100])


def _members(path: str, held: Mapping[str, JsonValue], acts: bool, levels: int) -> Iterator[Consent]:
    """`{email: {...}, sms: false}` in an object of consents."""
    beside = _Beside(held)
    for key, value in islice(held.items(), MAX_FIELDS):
        if isinstance(value, Mapping | list):
            yield from _of_object(f"{path} {key}", value, acts, levels - 1) if levels > 0 else ()
        else:
            yield from _only(_of_channel(path, str(key), value=value, beside=beside, acts=acts))


def _of_channel(path: str, key: str, value: JsonValue, beside: _Beside, acts: bool) -> Consent | None:
    """`email: true` in an object of consents is a yes for that channel, in one of opt-outs an opt-out."""
    purpose = purpose_of(label(key).split("_"), "")
    if not purpose or meaning_of(key) is not None:
        return _of_field(key, value, beside, acts)
    out = OUT.search(label(path)) is not None
    state = _opted_out(Field("out", purpose), value) if out else _state_of_box(Field("in", purpose), value, acts)
    at = beside.moment
    if state is None or (state == "given" and not acts and at is None):
        return None
    return Consent(purpose=purpose, state=state, basis=f"{path.strip()} {key}"[:100], at=at)


def _consent_of_object(path: str, low: Mapping[str, JsonValue], stated: JsonValue) -> Consent | None:
    """An object's own state. A no is one that was said: a word for it, or a false with its time."""
    named = next((name for key in _PURPOSES if (name := text(low.get(key)))), "")
    words = label(f"{named} {path}").split("_")
    at, out = _moment(low), OUT.search(label(path)) is not None or "dnd" in words
    purpose = purpose_of(label(named).split("_"), "") or purpose_of(words, "all" if out else "marketing")
    state: State | None = status_of(stated)
    if out:
        active = label(text(stated) or str(stated)) in ("active", "permanent") or yes_or_no(stated) is True
        state = "withdrawn" if active else None
    elif state is None and at is not None and isinstance(stated, bool | int | str):
        state = state_of(stated)
    if state is None or (state == "given" and at is None):
        return None
    return Consent(purpose=purpose, state=state, basis=path.strip()[:100], at=at)


def _moment(low: Mapping[str, JsonValue]) -> datetime | None:
    return next((at for key in _MOMENTS if (at := when(low.get(key))) is not None), None)


def _state_of(field: Field, value: JsonValue, acts: bool) -> State | None:
    match field.what:
        case "out" | "out_at":
            return _opted_out(field, value)
        case "status":
            return status_of(value)
        case "any_status":
            return "withdrawn" if label(text(value) or "") in _UNSUBSCRIBED else None
        case "in" | "contact":
            return _state_of_box(field, value, acts)
        case _:
            assert_never(field.what)


def _of_field(
    name: str, value: JsonValue, beside: _Beside | None, acts: bool, at: datetime | None = None
) -> Consent | None:
    field = meaning_of(name)
    if field is None or value is None or (isinstance(value, str) and (len(value) > _LONGEST or "://" in value)):
        return None
    state = _state_of(field, value, acts)
    if state is None:
        return None
    # Most fields state nothing: whose time it would be is looked for only where one does.
    if field.what == "out_at":
        at = when(value)
    elif at is None and beside is not None:
        at = beside.time_of(name)
    if state == "given" and not acts and at is None:
        return None
    return Consent(purpose=field.purpose, state=state, basis=name.strip()[:100], at=at)


def _opted_out(field: Field, value: JsonValue) -> State | None:
    """A time says when; a word for no is no opt-out, and no consent either. What is not understood is taken as one."""
    answer = yes_or_no(value) if status_of(value) != "withdrawn" else True
    if field.what == "out_at":
        return "withdrawn" if when(value) is not None else None
    if answer is None:
        return (
            "withdrawn"
            if text(value) and label(str(value)) not in ("null", "undefined", "na", "unknown", "pending")
            else None
        )
    return "withdrawn" if answer else None


def _state_of_box(field: Field, value: JsonValue, acts: bool) -> State | None:
    """A yes; of a box that posts its own text, that text. A no that was said is a withdrawal, a box left empty is none."""
    if status_of(value) == "withdrawn":
        return "withdrawn"
    if field.what == "contact" and not acts:
        return None
    answer = yes_or_no(value)
    if answer is None and acts and isinstance(value, str):
        words = label(value)
        answer = True if _AGREES.search(words) and not NEGATED.search(words) else None
    return "given" if answer else None


_AGREES = re.compile(
    r"^(?:yes|ja|oui|si|sim|tak|kylla|da|i_(?:agree|accept|consent|have_read|want|would_like)|agree|accept|jag_[^\W_]{1,40}|ich_[^\W_]{1,40}|j_accepte|je_[^\W_]{1,40}|acepto|accetto|aceito|ik_[^\W_]{1,40}|jeg_[^\W_]{1,40}|hyvaksyn)(?:_|$)"
)


_UNSUBSCRIBED = frozenset(["unsubscribed", "opted_out", "optedout", "unsubscribed_all", "globally_unsubscribed"])
"""What says so under any name; a `status: declined` may be of anything."""


class _Beside:
    """The fields of an object, looked at by their labels: once for all its consents, for a record may have hundreds."""

    def __init__(self, fields: Mapping[str, JsonValue]) -> None:
        self._fields = fields

    @cached_property
    def _values(self) -> JsonObject:
        shown = islice(self._fields.items(), MAX_FIELDS)
        return {label(str(key)): value for key, value in shown if isinstance(value, str | int | float)}

    @cached_property
    def _times(self) -> dict[str, Names]:
        return _times_in(names_of(self._fields, MAX_FIELDS))

    @cached_property
    def moment(self) -> datetime | None:
        """When the object itself says that it was made or changed."""
        return _moment(self._values)

    def time_of(self, name: str) -> datetime | None:
        """`accepts_marketing_updated_at` beside `accepts_marketing`."""
        if (told := self._times.get(name)) is not None:
            return next((at for other in told if (at := when(self._fields[other])) is not None), None)
        own = label(name)
        return next((at for end in _ENDS if (at := when(self._values.get(f"{own}_{end}"))) is not None), None)


@cache_by_names
def _times_in(names: Names) -> dict[str, Names]:
    """Of each field that may state a consent, those that tell when, the surest first; nothing where two have one label."""
    if not are_labels_unique(names):
        return {}
    by_label = names_by_label(names)
    ends = [(name, [f"{label(name)}_{end}" for end in _ENDS]) for name in _stating(names)]
    return {name: tuple(by_label[end] for end in told if end in by_label) for name, told in ends}


_ENDS = ("updated_at", "at", "date", "timestamp", "time", "on", "changed_at", "consent_updated_at")
