"""Day one: a table of contacts, each with the stage, the owner and the consents that it is said to have.

A row becomes a signal of mode `import`: no offer, clock, ledger entry or alarm follows from it. Its id comes from the
import's name and the row's own words, so that a row sent twice is one signal. What is found wrong is told by line and
column, never by value: values are personal data.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import IO, Literal, NamedTuple

from schemas.events import STAGES
from schemas.instants import read_instant
from schemas.places import language_code
from schemas.signals import Asserted, Company, Consent, Kind, Parsed, Person, Reference, Sales
from services.ingest.contacts.columns import PLACES, Column, columns_of
from services.ingest.contacts.spreadsheets import NoTable, read_heading
from services.ingest.parsers.consent.yes_no_words import state_of
from services.ingest.parsers.finishing.finishing import clean_reach, readable_facts
from services.ingest.parsers.reading.addresses import addresses_in, normal_address
from services.ingest.parsers.reading.identifiers import is_identifier
from services.ingest.parsers.reading.numbers import read_numbers

_TRACKS: Mapping[str, Literal["warm_up", "recycle", "growth"]] = {
    "warm_up": "warm_up",
    "recycle": "recycle",
    "growth": "growth",
}
_DISPOSITIONS: Mapping[str, Literal["active", "spam", "not_a_buyer", "do_not_contact"]] = {
    "active": "active",
    "spam": "spam",
    "not_a_buyer": "not_a_buyer",
    "do_not_contact": "do_not_contact",
}


class Finding(NamedTuple):
    """What is wrong in a row. `skipped`: the row is not imported; else it is imported without that value."""

    line: int
    column: str
    text: str
    skipped: bool = False


class Row(NamedTuple):
    """A row as read; `parsed` is None where it is skipped."""

    line: int
    parsed: Parsed | None
    findings: tuple[Finding, ...]


class Contacts:
    """Reads rows. `knows` tells whether an owner is somebody of the roster; `region` is for numbers without a country; `accounts` are
    the accounts of each system that the deployment is connected to; a `since` after `now` is told."""

    def __init__(
        self,
        name: str,
        knows: Callable[[str], bool],
        region: str | None = None,
        accounts: Mapping[str, frozenset[str]] = MappingProxyType({}),
        now: datetime | None = None,
    ) -> None:
        self._name, self._knows, self._region, self._accounts = name, knows, region, accounts
        self._now = now

    def rows(self, file: IO[str]) -> Iterator[Row]:
        """In the order of the file, which stands at its beginning; lines without any value are none. Raises NoTable where the
        header or the CSV itself is not understood."""
        heading = read_heading(file)
        reader = csv.reader(file, delimiter=heading.delimiter, strict=True)
        try:
            header = next(reader, [])
            columns = columns_of(header, heading.lines + 1)
            seen: dict[str, int] = {}
            for values in reader:
                line = heading.lines + reader.line_num
                if any(value.strip() for value in values):
                    yield self._row(line, columns, values=values, width=len(header), seen=seen)
        except (csv.Error, UnicodeDecodeError):
            raise NoTable(
                f"line {heading.lines + reader.line_num + 1}: is no CSV; save the file as CSV UTF-8"
            ) from None

    def _row(
        self, line: int, columns: Sequence[Column], values: Sequence[str], width: int, seen: dict[str, int]
    ) -> Row:
        findings: list[Finding] = []
        if any(value.strip() for value in values[width:]):
            return Row(line, None, (Finding(line, "", "has more values than the header has columns", True),))
        cells = {column.name: values[column.at].strip() if column.at < len(values) else "" for column in columns}
        named = {column.at for column in columns}
        if any(value.strip() for at, value in enumerate(values[:width]) if at not in named):
            findings.append(Finding(line, "", "has a value in a column without a name; not imported"))
        addresses = addresses_in(cells.get("email", ""))
        if cells.get("email") and len(addresses) != 1:
            several = "has several addresses; the first is taken" if addresses else "is no e-mail address"
            findings.append(Finding(line, "email", several))
        phone = read_numbers(cells.get("phone"), self._region)
        if phone.doubt:
            findings.append(Finding(line, "phone", f"{phone.doubt}; it is kept as written"))
        references = _references(line, cells, findings, self._accounts)
        who = _who(addresses, references, phone.numbers)
        if who is None:
            nobody = Finding(line, "email", "nobody is named: no address, no id and no telephone number", True)
            return Row(line, None, (*findings, nobody))
        if who in seen:
            findings.append(Finding(line, "email", f"is the person of line {seen[who]} too; the later since decides"))
        seen.setdefault(who, line)
        parsed = self._facts_of_row(line, cells, references, findings)
        return Row(line, parsed, tuple(findings))

    def _facts_of_row(
        self, line: int, cells: dict[str, str], references: tuple[Reference, ...], findings: list[Finding]
    ) -> Parsed:
        names = ("email", "first_name", "last_name", "full_name", "phone")
        row = Parsed(
            kind=Kind.CONTACT_CREATED,
            source_kind="import",
            mode="import",
            occurred_at=_since(line, cells.get("since", ""), findings, self._now),
            person=Person(**{name: cells.get(name) or None for name in names}),
            company=_company(line, cells, findings),
            language=_language(line, cells.get("language", ""), findings),
            asserted=_track_and_disposition(line, cells, findings),
            references=references,
            sales=Sales(to=_stage(line, cells, findings), owner_id=self._owner(line, cells, findings)),
            consents=_consents(line, cells, findings),
            tags=_several(cells.get("tags", "")),
            campaign=cells.get("campaign") or None,
            dedupe_key=f"import:{self._name}:{_digest(cells)}",
        )
        return clean_reach(readable_facts(row))

    def _owner(self, line: int, cells: dict[str, str], findings: list[Finding]) -> str | None:
        owner = cells.get("owner") or None
        if owner is not None and not self._knows(owner):
            findings.append(Finding(line, "owner", "is nobody of the roster; imported without an owner"))
        return owner


def _who(addresses: Sequence[str], references: Sequence[Reference], numbers: Sequence[str]) -> str | None:
    """By what a row's person is known, the surest first."""
    if addresses:
        return normal_address(addresses[0])
    person = next((one for one in references if one.object == "person"), None)
    if person is not None:
        return f"{person.system}\0{person.account or ''}\0{person.id}"
    return numbers[0] if numbers else None


def _references(
    line: int, cells: dict[str, str], findings: list[Finding], accounts: Mapping[str, frozenset[str]]
) -> tuple[Reference, ...]:
    """People first. What is no id at all would join everybody who has it."""
    kinds: tuple[tuple[str, Literal["person", "deal"]], ...] = (("id:", "person"), ("deal:", "deal"))
    references = []
    for prefix, what in kinds:
        for column, value in cells.items():
            if not column.startswith(prefix):
                continue
            system, _, account = column.partition(":")[2].partition("@")
            accounts_of_system = {account} if account else accounts.get(system, frozenset())
            for one in _several(value) if what == "deal" else filter(None, (value,)):
                if len(accounts_of_system) > 1:
                    which = f"{prefix}{system}@ACCOUNT"
                    findings.append(
                        Finding(
                            line, column, f"is in one of {len(accounts_of_system)} accounts: say {which}; not imported"
                        )
                    )
                elif is_identifier(one):
                    references.append(
                        Reference(system=system, account=next(iter(accounts_of_system), None), object=what, id=one)
                    )
                else:
                    why = "is no id (a word for nothing, a template's place, a number that a spreadsheet rounded)"
                    findings.append(Finding(line, column, f"{why}; not imported"))
    return tuple(references)


def _several(value: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in value.split(";") if one.strip())


_NO_FRACTION = re.compile(r"(?<=\d)[.,]0{1,6}$")
"""`50,0`: a spreadsheet's number of people."""


def _company(line: int, cells: dict[str, str], findings: list[Finding]) -> Company:
    facts = {name: cells.get(name) or None for name in ("domain", *PLACES)}
    facts["employees"] = _NO_FRACTION.sub("", facts["employees"]) if facts["employees"] else None
    company = Company.from_mapping({"name": cells.get("company") or None, **facts})
    for name in ("country", "employees", "postcode"):
        if facts[name] is not None and getattr(company, name) is None:
            findings.append(Finding(line, name, "is not understood; not imported"))
    return company


def _language(line: int, written: str, findings: list[Finding]) -> str | None:
    code = language_code(written)
    if written and code is None:
        findings.append(Finding(line, "language", "is no language we know of; not imported"))
    return code


def _track_and_disposition(line: int, cells: dict[str, str], findings: list[Finding]) -> Asserted | None:
    """A disposition that is not understood is taken as `do_not_contact`: who was set aside is not routed by mistake."""
    track, disposition = (_word(cells.get(name, "")) for name in ("track", "disposition"))
    if track and (track not in _TRACKS or _word(cells.get("stage", "")) != "nurturing"):
        findings.append(Finding(line, "track", f"is for the stage nurturing: {', '.join(_TRACKS)}; not imported"))
        track = ""
    if disposition and disposition not in _DISPOSITIONS:
        message = f"is none of {', '.join(_DISPOSITIONS)}; taken as do_not_contact"
        findings.append(Finding(line, "disposition", message))
        disposition = "do_not_contact"
    if not track and not disposition:
        return None
    return Asserted(track=_TRACKS.get(track), disposition=_DISPOSITIONS.get(disposition))


def _word(text: str) -> str:
    return text.casefold().replace("-", "_").replace(" ", "_")


def _stage(line: int, cells: dict[str, str], findings: list[Finding]) -> str | None:
    stage = _word(cells.get("stage", "")) or None
    if stage is not None and stage not in STAGES:
        findings.append(Finding(line, "stage", f"is none of {', '.join(STAGES)}; not imported", skipped=False))
        return None
    return stage


def _since(line: int, text: str, findings: list[Finding], now: datetime | None) -> datetime | None:
    """Nobody was in a stage at a time that has not come."""
    if not text:
        return None
    try:
        since = read_instant(text)
    except ValueError:
        findings.append(Finding(line, "since", "is no instant with a zone (2026-01-31T09:00:00+01:00); taken as now"))
        return None
    if now is not None and since > now:
        findings.append(Finding(line, "since", "lies in the future; taken as now"))
        return None
    return since


def _consents(line: int, cells: dict[str, str], findings: list[Finding]) -> tuple[Consent, ...]:
    consents = []
    for column, value in cells.items():
        if not column.startswith("consent:") or not value:
            continue
        state = state_of(value)
        if state is None:
            # Who knows what the word meant: without a consent nobody is written to.
            findings.append(
                Finding(
                    line,
                    column,
                    "is neither yes nor no (given, yes, 1, opt-in; withdrawn, no, 0, opt-out); taken as withdrawn",
                )
            )
        consents.append(Consent(purpose=column.partition(":")[2], state=state or "withdrawn"))
    return tuple(consents)


def _digest(cells: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()[:32]
