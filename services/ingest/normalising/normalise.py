"""From facts to a signal: identities as keyed digests, ids derived, times filled in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from routing.model.identity import LIKENESS
from routing.model.ids import base32
from schemas.domains import host_of
from schemas.instants import plausible
from schemas.signals import (
    IdentityKey,
    IdentityKind,
    Object,
    Parsed,
    Person,
    Proof,
    Reference,
    Repeat,
    Signal,
    is_request,
)
from schemas.sources import Source
from services.ingest.normalising.free_mail import is_shared
from services.ingest.normalising.keyed import keyed_by, keyed_hash
from services.ingest.normalising.lengths import fitting
from services.ingest.normalising.names import account_digest, digest, name_digests, name_words
from services.ingest.normalising.requests import person_doubts
from services.ingest.parsers.guesses.records import SYSTEM
from services.ingest.parsers.reading.addresses import normal_address
from services.ingest.parsers.reading.identifiers import without_false_ids
from services.ingest.parsers.reading.numbers import normal_numbers
from services.privacy.discretion import discreet, trace_of

WINDOW_DAYS = 30
"""A dedupe key that is only the body's hash holds for so long, and for as long again at most: a month later the same body
is a new fact. Of requests it is `Source.repeats_within` that counts."""
_NO_PLACE = ("company", "domain", *LIKENESS)
"""Kinds that do not choose a partition."""


def identities(parsed: Parsed, source: Source, key: bytes) -> tuple[IdentityKey, ...]:
    """Strongest first: e-mail, references to the person, phone, hand-over, deal, activity; then the account, and last what
    only likens two people. A phone is verified where the source's are, or where a sender who is verified says so."""
    return _identities(parsed, source, key, name_words(parsed.person))


def _identities(parsed: Parsed, source: Source, key: bytes, words: Sequence[str]) -> tuple[IdentityKey, ...]:
    """`words` are those of the person's name."""
    proven = source.verify.scheme != "none" and (source.phone_verified or parsed.phone_verified)
    keys = _Keys(key, source.brand, phone_is_proven=proven)
    person = parsed.person
    email, phones = normal_address(person.email), normal_numbers(person.phone, source.number_region)
    if email is not None:
        keys.add("email", email)
    for address in parsed.former_emails:
        if (former := normal_address(address)) and former != email:
            keys.add("email", former, former=True)
    # After a merge or a conversion somebody is known by the record that is no more.
    keys.add_references("person", (*parsed.references, *parsed.previous))
    for phone in phones:
        keys.add("phone", phone)
    if handover := parsed.handover_id or (parsed.offer_id or "").rpartition(".")[0]:
        keys.add_plain("handover", handover)
    keys.add_references("deal", parsed.references)
    keys.add_references("activity", parsed.references)
    keys.add_references("company", parsed.references)
    # The account by its domain, and what two records of one person at one company have in common.
    if (at_work := work_domain(parsed, source)) is not None:
        keys.add("domain", at_work)
        if (whole := full_name(person)) is not None:
            keys.add("like_name", f"{whole}\0{at_work}")
    for phone in phones:
        keys.add("like_phone", phone)
    for phone in phones:
        keys.add("phone_name", f"{phone}\0{' '.join(words)}")
    return keys.each_once()


class _Keys:
    """The identities of one signal, in the order in which they are added."""

    __slots__ = ("_brand", "_digest_of", "_key", "_keys", "_phone_is_proven")

    def __init__(self, key: bytes, brand: str, *, phone_is_proven: bool) -> None:
        self._key, self._brand, self._phone_is_proven = key, brand, phone_is_proven
        self._digest_of = keyed_by(key)
        self._keys: list[IdentityKey] = []

    def add(self, kind: IdentityKind, text: str, *, former: bool = False, account: str | None = None) -> None:
        """`account`: the digest of one that the text does not say."""
        digest = self._digest_of(f"{kind}\0{self._brand}\0{text}".encode()).hexdigest()[:32]
        is_sure = kind not in LIKENESS and (self._phone_is_proven or kind != "phone")
        self._keys.append(
            IdentityKey.assemble(kind=kind, digest=digest, verified=is_sure, former=former, account=account)
        )

    def add_plain(self, kind: IdentityKind, ident: str) -> None:
        """An id of ours, which tells nothing of anybody."""
        self._keys.append(IdentityKey.assemble(kind=kind, digest=ident))

    def add_references(self, kind: Object, references: Iterable[Reference]) -> None:
        """Each id in its account, and the id alone: an import, or another webhook of the same record, may not say the account."""
        for reference in references:
            if reference.object == kind:
                self.add(kind, f"{reference.system}\0{reference.account or ''}\0{reference.id}")
                if (account := account_digest(reference, self._key, self._brand)) is not None:
                    self.add(kind, f"{reference.system}\0\0{reference.id}", account=account)

    def each_once(self) -> tuple[IdentityKey, ...]:
        """The same record, or the same former address, may be said twice."""
        keys = self._keys
        return tuple(keys if len({one.digest for one in keys}) == len(keys) else dict.fromkeys(keys))


def work_domain(parsed: Parsed, source: Source) -> str | None:
    """The domain of the company: what the sender says it is, else the address's; None where many share it."""
    stated = host_of(parsed.company.domain)
    if stated is not None and not is_shared(stated, source.free_mail):
        return stated
    theirs = (normal_address(parsed.person.email) or "").rpartition("@")[2]
    return theirs if theirs and not is_shared(theirs, source.free_mail) else None


def full_name(person: Person) -> str | None:
    """The words of a full name, folded and sorted, since systems differ in their order; None for less than two."""
    written = person.full_name or f"{person.first_name or ''} {person.last_name or ''}"
    words = sorted(unicodedata.normalize("NFC", written.casefold()).replace(",", " ").split())
    return " ".join(words) if len(words) > 1 else None


def signal_id(key: bytes, source: str, dedupe_key: str) -> str:
    """Derived from source and dedupe key, so that a delivery repeated is the same signal."""
    value = keyed_hash(key, f"signal\0{source}\0{dedupe_key}".encode()).digest()
    return f"sig_{base32(value)}"


def to_signal(
    parsed: Parsed,
    source: Source,
    received_at: datetime,
    key: bytes,
    traceparent: str | None = None,
    proof: Proof | None = None,
) -> Signal:
    """The record for the log. A source on trial makes every live signal `observe`; a test source makes it `test`. `proof`: where
    it does not come by the source's scheme but from the operator. What is unproven happened when it came: else a stranger could
    begin a promise in the past."""
    proof = proof or source.proof
    ident, next_ident, repeat = _named_by(parsed, source, received_at, key)
    parsed, assumed = _with_assumed(_with_source_account(without_false_ids(fitting(parsed)), source), source)
    if parsed.campaign is None and (campaign := parsed.utm.get("utm_campaign")):
        parsed = parsed.but(campaign=campaign)
    facts = discreet(parsed, key)
    # Identities come from what was said, for they are digests; an id of ours only where it can be one.
    ours = {"handover_id": facts.handover_id, "offer_id": facts.offer_id}
    words = name_words(parsed.person)
    names = _identities(parsed if facts is parsed else parsed.but(**ours), source, key, words)
    placing = next((i for i in names if i.kind not in _NO_PLACE), None)
    kinds = {i.kind for i in names}
    if (parsed.person.email and "email" not in kinds) or (parsed.person.phone and "phone" not in kinds):
        facts = facts.but(findings=(*facts.findings, *person_doubts(parsed, source.number_region)))
    claimed = plausible(parsed.occurred_at) if proof == "none" and parsed.occurred_at is not None else None
    occurred = received_at if proof == "none" else parsed.occurred_at or received_at
    fields = facts.cleaned_values()
    fields |= {"dedupe_key": ident, "occurred_at": occurred.astimezone(UTC)}
    if parsed.mode == "live" and source.mode != "live":
        fields["mode"] = source.mode
    return Signal.assemble(
        **fields,
        id=ident,
        source=source.name,
        proof=proof,
        consent_vouched=proof == "none" and source.consent == "gives",
        claimed_at=claimed,
        brand=source.brand,
        received_at=received_at.astimezone(UTC),
        assumed=assumed,
        identities=names,
        names=name_digests(words, key, source.brand),
        partition_key=digest(key, "partition", source.brand, placing.digest if placing else ident),
        traceparent=trace_of(traceparent),
        repeat=repeat,
        next_window_id=next_ident,
    )


def _named_by(
    parsed: Parsed, source: Source, received_at: datetime, key: bytes
) -> tuple[str, str | None, Repeat | None]:
    """(the signal's id, the id that a repetition has in the next window, how a repetition of a request is told). A request
    without an id of its own has one by the instant at which it came: whether it is a repetition is decided with the lead."""
    dedupe = parsed.dedupe_key
    if parsed.mode == "test" and not dedupe.startswith("id:"):
        # A vendor's test button sends one constant body or event: every press is a test of its own.
        return signal_id(key, source.name, f"test:{dedupe}:{received_at.isoformat()}"), None, None
    if not dedupe.startswith("body:"):
        return signal_id(key, source.name, dedupe), None, None
    if is_request(parsed):
        words = digest(key, "request", source.name, dedupe)
        ident = signal_id(key, source.name, f"{dedupe}:{received_at.isoformat()}")
        return ident, None, Repeat(key=words, seconds=int(source.repeats_within.total_seconds()))
    window = received_at.date().toordinal() // WINDOW_DAYS
    idents = [signal_id(key, source.name, f"{dedupe}:{window + later}") for later in (0, 1)]
    return idents[0], idents[1], None


def _with_assumed(parsed: Parsed, source: Source) -> tuple[Parsed, tuple[str, ...]]:
    """With what the sender does not say of the company and we know all the same, and the names of those facts."""
    domain, stated = work_domain(parsed, source), host_of(parsed.company.domain)
    assumptions: dict[str, str | None] = {}
    if domain != parsed.company.domain:
        assumptions["domain"] = domain
    if source.country is not None and parsed.company.country is None:
        assumptions["country"] = source.country
    if not assumptions:
        return parsed, ()
    assumed = tuple(
        name for name, value in assumptions.items() if value is not None and not (name == "domain" and value == stated)
    )
    return parsed.but(company=parsed.company.but(**assumptions)), assumed


def _with_source_account(parsed: Parsed, source: Source) -> Parsed:
    """References whose system only the configuration can name are of the source's own; those of its own system are in its account,
    unless the body says another."""
    if not parsed.references and not parsed.previous:
        return parsed
    held = tuple(tuple(_in_place(r, source) for r in group) for group in (parsed.references, parsed.previous))
    if held == (parsed.references, parsed.previous):
        return parsed
    return parsed.but(references=held[0], previous=held[1])


def _in_place(reference: Reference, source: Source) -> Reference:
    own = source.own_system
    if reference.system == SYSTEM:
        return reference.but(system=own, account=reference.account or source.account)
    if reference.system == own and reference.account is None and source.account is not None:
        return reference.but(account=source.account)
    return reference
