"""What a box or a record's field means for this source, where its configuration says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.signals import Consent, Parsed
from services.ingest.parsers.consent.field_names import meaning_of
from services.ingest.parsers.consent.yes_no_words import State, state_of
from services.ingest.parsers.reading.naming import label


def with_box_consents(parsed: Parsed, meaning: Mapping[str, tuple[str, ...]]) -> Parsed:
    """The signal with the purposes that the configuration gives a field, in place of those that its name suggests."""
    if not meaning:
        return parsed
    purposes = {label(name): own_purposes for name, own_purposes in meaning.items()}
    kept = tuple(consent for consent in parsed.consents if label(consent.basis or "") not in purposes)
    stated = [*_of_answers(parsed, purposes), *_of_fields(parsed, purposes)]
    new = {consent.purpose: consent for consent in sorted(stated, key=lambda consent: consent.state == "withdrawn")}
    if not new and kept == parsed.consents:
        return parsed
    unchanged = (consent for consent in kept if consent.purpose not in new)
    return parsed.but(consents=(*unchanged, *new.values()))


def _of_answers(parsed: Parsed, purposes: Mapping[str, tuple[str, ...]]) -> Iterator[Consent]:
    for name, value in parsed.fields.items():
        own_purposes = purposes.get(label(name), ())
        if own_purposes and (state := _box_state(name, value)) is not None:
            yield from (Consent(purpose=purpose, state=state, basis=name[:100]) for purpose in own_purposes)


def _box_state(name: str, value: object) -> State | None:
    """A yes to an opt-out takes back; a box without a yes says nothing."""
    field, state = meaning_of(name), state_of(value)
    if field is not None and field.what == "out":
        return "withdrawn" if state == "given" else None
    return state if state == "given" or label(str(value)) in _SAID else None


_SAID = frozenset(["withdrawn", "unsubscribed", "opt_out", "opted_out", "optout", "revoked"])


def _of_fields(parsed: Parsed, purposes: Mapping[str, tuple[str, ...]]) -> Iterator[Consent]:
    """Of fields of a record, which the parser read and did not keep."""
    for consent in parsed.consents:
        name = label(consent.basis or "")
        if name in purposes and name not in map(label, parsed.fields):
            yield from (consent.but(purpose=purpose) for purpose in purposes[name])
