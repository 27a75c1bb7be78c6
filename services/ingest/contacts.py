"""Day one: a table of contacts, each with the stage, the owner and the consents that it is said to have.

A row becomes a signal of mode `import`: no offer, clock, ledger entry or alarm follows from it. Its id comes from the
import's name and the row's own words, so that a row sent twice is one signal. What is found wrong is told by line and
column, never by value: values are personal data.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import IO, Literal, NamedTuple

from schemas.events import STAGES
from schemas.instants import read_instant
from schemas.places import language_code
from schemas.signals import Asserted, Company, Consent, Kind, Parsed, Person, Reference, Sales
from services.ingest.parsers.addresses import normal_address
from services.ingest.parsers.consent_words import state_of
from services.ingest.parsers.identifiers import is_identifier
from services.ingest.parsers.numbers import read_numbers

_PLACES = ("industry", "country", "employees", "region", "city", "postcode")
COLUMNS = (
    "email", "phone", "first_name", "last_name", "full_name", "company", "domain", "stage", "owner", "since", "tags",
    "campaign", "track", "disposition", "language", *_PLACES,
)  # fmt: skip
"""Besides these: `consent:PURPOSE` (given or withdrawn), `id:SYSTEM` (the person's id there) and `deal:SYSTEM` (their deals)."""
_TRACKS: Mapping[str, Literal["warm_up", "recycle", "growth"]] = {
    "warm_up": "warm_up", "recycle": "recycle", "growth": "growth"
}  # fmt: skip
_DISPOSITIONS: Mapping[str, Literal["active", "spam", "not_a_buyer", "do_not_contact"]] = {
    "active": "active", "spam": "spam", "not_a_buyer": "not_a_buyer", "do_not_contact": "do_not_contact"
}  # fmt: skip


class Finding(NamedTuple):
    """What is wrong in a row. `skipped`: the row is not imported; else it is imported without that value."""

    line: int
    column: str
    said: str
    skipped: bool = False


class Row(NamedTuple):
    """A row as read; `parsed` is None where it is skipped."""

    line: int
    parsed: Parsed | None
    findings: tuple[Finding, ...]


class NoTable(Exception):
    """The file is no table of contacts; the message says why, without its values."""


class Contacts:
    """Reads rows. `knows` tells whether an owner is somebody of the roster; `region` is for numbers without a country; `accounts` are
    the accounts of each system that the deployment is connected to."""

    def __init__(
        self,
        name: str,
        knows: Callable[[str], bool],
        region: str | None = None,
        accounts: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        self._name, self._knows, self._region, self._accounts = name, knows, region, accounts

    def rows(self, file: IO[str]) -> Iterator[Row]:
        """In the order of the file. Raises NoTable where the header or the CSV itself is not understood."""
        reader = csv.DictReader(file, strict=True)
        try:
            known = _known(reader.fieldnames or ())
            seen: dict[str, int] = {}
            for given in reader:
                line = reader.line_num
                yield self._row(line, {name: (given[name] or "").strip() for name in known}, seen, None in given)
        except (csv.Error, UnicodeDecodeError):
            raise NoTable(f"line {reader.line_num + 1}: is no CSV in UTF-8; save the file as such") from None

    def _row(self, line: int, given: dict[str, str], seen: dict[str, int], too_long: bool) -> Row:
        found: list[Finding] = []
        if too_long:
            return Row(line, None, (Finding(line, "", "has more values than the header has columns", True),))
        email = normal_address(given.get("email") or None)
        if given.get("email") and email is None:
            found.append(Finding(line, "email", "is no e-mail address"))
        references = _references(line, given, found, self._accounts)
        if email is None and not any(reference.object == "person" for reference in references):
            return Row(line, None, (*found, Finding(line, "email", "nobody is named: no address and no id", True)))
        who = email or f"{references[0].system}\0{references[0].id}"
        if who in seen:
            found.append(Finding(line, "email", f"is the person of line {seen[who]} too; the later since decides"))
        seen.setdefault(who, line)
        parsed = self._parsed(line, given, references, found)
        return Row(line, parsed, tuple(found))

    def _parsed(
        self, line: int, given: dict[str, str], references: tuple[Reference, ...], found: list[Finding]
    ) -> Parsed:
        phone = given.get("phone") or None
        if doubt := read_numbers(phone, self._region).doubt:
            found.append(Finding(line, "phone", f"{doubt}; it is kept as written"))
        names = ("email", "first_name", "last_name", "full_name")
        return Parsed(
            kind=Kind.CONTACT_CREATED,
            source_kind="import",
            mode="import",
            occurred_at=_since(line, given.get("since", ""), found),
            person=Person(**{name: given.get(name) or None for name in names}, phone=phone),
            company=_company(line, given, found),
            language=_language(line, given.get("language", ""), found),
            asserted=_asserted(line, given, found),
            references=references,
            sales=Sales(to=_stage(line, given, found), owner_id=self._owner(line, given, found)),
            consents=_consents(line, given, found),
            tags=_several(given.get("tags", "")),
            campaign=given.get("campaign") or None,
            dedupe_key=f"import:{self._name}:{_digest(given)}",
        )

    def _owner(self, line: int, given: dict[str, str], found: list[Finding]) -> str | None:
        owner = given.get("owner") or None
        if owner is not None and not self._knows(owner):
            found.append(Finding(line, "owner", "is nobody of the roster; imported without an owner"))
        return owner


_WITH_NAME = ("consent:", "id:", "deal:")


def _known(header: object) -> list[str]:
    names = [str(name) for name in header] if isinstance(header, list | tuple) else []
    wrong = [n for n in names if n not in COLUMNS and not (n.startswith(_WITH_NAME) and n.partition(":")[2])]
    if not names:
        raise NoTable("line 1: there is no header")
    if wrong:
        raise NoTable(
            f"line 1: {len(wrong)} unknown columns; known are {', '.join(COLUMNS)}, consent:PURPOSE, id:SYSTEM, deal:SYSTEM"
        )
    if len(names) != len(set(names)):
        raise NoTable("line 1: a column is there twice")
    if "email" not in names and not any(name.startswith("id:") for name in names):
        raise NoTable("line 1: neither email nor id:SYSTEM is a column, so nobody would be named")
    return names


def _references(
    line: int, given: dict[str, str], found: list[Finding], accounts: Mapping[str, frozenset[str]]
) -> tuple[Reference, ...]:
    """People first. What is no id at all would join everybody who has it."""
    kinds: tuple[tuple[str, Literal["person", "deal"]], ...] = (("id:", "person"), ("deal:", "deal"))
    references = []
    for prefix, what in kinds:
        for column, value in given.items():
            if not column.startswith(prefix):
                continue
            system, _, said = column.partition(":")[2].partition("@")
            known = {said} if said else accounts.get(system, frozenset())
            for one in _several(value) if what == "deal" else filter(None, (value,)):
                if len(known) > 1:
                    which = f"{prefix}{system}@ACCOUNT"
                    found.append(
                        Finding(line, column, f"is in one of {len(known)} accounts: say {which}; not imported")
                    )
                elif is_identifier(one):
                    references.append(Reference(system=system, account=next(iter(known), None), object=what, id=one))
                else:
                    said = "is no id (a word for nothing, a template's place, a number that a spreadsheet rounded)"
                    found.append(Finding(line, column, f"{said}; not imported"))
    return tuple(references)


def _several(value: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in value.split(";") if one.strip())


def _company(line: int, given: dict[str, str], found: list[Finding]) -> Company:
    said = {name: given.get(name) or None for name in ("domain", *_PLACES)}
    company = Company.checked({"name": given.get("company") or None, **said})
    for name in ("country", "employees", "postcode"):
        if said[name] is not None and getattr(company, name) is None:
            found.append(Finding(line, name, "is not understood; not imported"))
    return company


def _language(line: int, said: str, found: list[Finding]) -> str | None:
    code = language_code(said)
    if said and code is None:
        found.append(Finding(line, "language", "is no language we know of; not imported"))
    return code


def _asserted(line: int, given: dict[str, str], found: list[Finding]) -> Asserted | None:
    """A disposition that is not understood is taken as `do_not_contact`: who was set aside is not routed by mistake."""
    track, disposition = (_word(given.get(name, "")) for name in ("track", "disposition"))
    if track and (track not in _TRACKS or _word(given.get("stage", "")) != "nurturing"):
        found.append(Finding(line, "track", f"is for the stage nurturing: {', '.join(_TRACKS)}; not imported"))
        track = ""
    if disposition and disposition not in _DISPOSITIONS:
        said = f"is none of {', '.join(_DISPOSITIONS)}; taken as do_not_contact"
        found.append(Finding(line, "disposition", said))
        disposition = "do_not_contact"
    if not track and not disposition:
        return None
    return Asserted(track=_TRACKS.get(track), disposition=_DISPOSITIONS.get(disposition))


def _word(text: str) -> str:
    return text.casefold().replace("-", "_").replace(" ", "_")


def _stage(line: int, given: dict[str, str], found: list[Finding]) -> str | None:
    stage = _word(given.get("stage", "")) or None
    if stage is not None and stage not in STAGES:
        found.append(Finding(line, "stage", f"is none of {', '.join(STAGES)}; not imported", skipped=False))
        return None
    return stage


def _since(line: int, text: str, found: list[Finding]) -> datetime | None:
    if not text:
        return None
    try:
        return read_instant(text)
    except ValueError:
        found.append(Finding(line, "since", "is no instant with a zone (2026-01-31T09:00:00+01:00); taken as now"))
        return None


def _consents(line: int, given: dict[str, str], found: list[Finding]) -> tuple[Consent, ...]:
    said = []
    for column, value in given.items():
        if not column.startswith("consent:") or not value:
            continue
        state = state_of(value)
        if state is None:
            # Who knows what the word meant: without a consent nobody is written to.
            found.append(
                Finding(
                    line,
                    column,
                    "is neither yes nor no (given, yes, 1, opt-in; withdrawn, no, 0, opt-out); taken as withdrawn",
                )
            )
        said.append(Consent(purpose=column.partition(":")[2], state=state or "withdrawn"))
    return tuple(said)


def _digest(given: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:32]
