"""EspoCRM. It has no upsert: an opportunity is looked up by a field of ours, a contact by address and a company by web site, in the
database itself, so a look-up sees what was committed; notes and tasks are found among what hangs on the opportunity, by our marker.

EspoCRM leaves out without a word what it has no field for. The key cannot be lost that way: the look-up before each create names its
field, and that is refused where there is none. Read in the source of EspoCRM 10; docs/crms/espo.md says what was not tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never
from urllib.parse import quote

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from schemas.sinks.vendors import EspoSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import Span
from services.sinks.vendors.espo_calls import PAGE, EspoCalls, Rows
from services.sinks.vendors.espo_check import check_espo

ENTITIES: Mapping[RecordKind, str] = {
    "contact": "Contact",
    "company": "Account",
    "opportunity": "Opportunity",
    "note": "Note",
    "task": "Task",
}
NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {
        "email": "emailAddress",
        "first_name": "firstName",
        "last_name": "lastName",
        "phone": "phoneNumber",
        "owner": "assignedUserId",
    },
    "company": {"name": "name", "domain": "website"},
    "opportunity": {"name": "name", "owner": "assignedUserId", "stage": "stage"},
    "note": {"text": "post"},
    "task": {
        "subject": "name",
        "text": "description",
        "owner": "assignedUserId",
        "due_at": "dateEnd",
        "state": "status",
        "priority": "priority",
    },
}
"""Their attributes of our values; what is not among them has no place in EspoCRM."""
WORDS: Mapping[str, Mapping[str, str]] = {
    "status": {"open": "Not Started", "done": "Completed", "cancelled": "Canceled"},
    "priority": {"normal": "Normal", "high": "High"},
}
CLOSED = frozenset({"Closed Won", "Closed Lost"})
"""Stages of an opportunity that is over, as EspoCRM has them; those that the file names for won and lost are others like them."""
CUT = 5000
"""Characters of a text after which a list may have cut it; it is read whole then."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_BAD = re.compile(r"[<>=]+")
"""What EspoCRM has in no name."""


class Espo:
    """One EspoCRM."""

    deletes_for_good = False
    kinds: frozenset[RecordKind] = frozenset(ENTITIES)
    # A look-up is a query of the database that the create was committed to.
    settle = timedelta(0)

    def __init__(self, sink: EspoSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink, self._now = sink, now
        self._espo = EspoCalls(caller, secret)

    def is_repeatable(self, kind: RecordKind) -> bool:  # noqa: ARG002 - it is so of every kind
        """Two creates make two records."""
        return False

    def render(self, wanted: Wanted) -> Fields:
        kind, values = wanted.key.kind, dict(wanted.values)
        names = NAMES[kind]
        fields = {names[name]: _to_write(names[name], value) for name, value in values.items() if name in names}
        match kind:
            case "contact" if "lastName" not in fields:
                # There is no contact without a last name.
                name = values.get("full_name") or values.get("first_name") or values.get("email")
                fields |= {"lastName": _plain(name)} if name is not None else {}
            case "opportunity":
                fields[self._sink.key_field] = wanted.key.text
            case "contact" | "company" | "note" | "task":
                pass
            case _:
                assert_never(kind)
        return {**fields, **{name: _to_write(name, value) for name, value in wanted.extra.items()}}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                return await self._find_contact(key, names)
            case "company":
                return await self._first(key.kind, {"type": "in", "attribute": "website", "value": _sites(key)}, names)
            case "opportunity":
                return await self._first(key.kind, _equals(self._sink.key_field, key.text), names)
            case "note" | "task":
                return await self._find_beside(key, names, parents.get("opportunity"))
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        row = await self._espo.read(ENTITIES[kind], vendor_id)
        return self._match(kind, row, names) if row is not None else None

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        values = {**self._base_values(key.kind, parents), **fields}
        may_be_there = key.kind in ("contact", "company")
        answer = await self._espo.create(ENTITIES[key.kind], values, skips_check=not may_be_there)
        if isinstance(answer, dict):
            return self._made_of(key.kind, answer)
        if (twin := _twin(key, answer)) is not None:
            return self._made_of(key.kind, twin)._replace(adopted=True)
        # They only have the name in common.
        made = await self._espo.create(ENTITIES[key.kind], values, skips_check=True)
        return self._made_of(key.kind, made if isinstance(made, dict) else {})

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        await self._espo.write("PUT", f"{ENTITIES[kind]}/{_segment(vendor_id)}", dict(fields))

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:
        needed = {"contact": "lastName", "opportunity": "name"}.get(kind)
        return {name: ERASED if name == needed else None for name in names}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        """Marked as deleted; its clean-up takes it away later."""
        await self._espo.write("DELETE", f"{ENTITIES[kind]}/{_segment(vendor_id)}")

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        if kind == "contact":
            await self._espo.write("POST", f"Opportunity/{_segment(opportunity)}/contacts", {"id": vendor_id})
            return
        match = await self.read("opportunity", opportunity, ("accountId",))
        if match is not None and match.fields.get("accountId") is None:
            await self.update("opportunity", opportunity, {"accountId": vendor_id})

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        begin, end = (at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") for at in span)
        where: list[JsonObject] = [
            {"type": "after", "attribute": "createdAt", "value": begin},
            {"type": "before", "attribute": "createdAt", "value": end},
        ]
        rows = await self._espo.search(ENTITIES["contact"], where, sorted(names))
        if len(rows) == PAGE:
            raise Trouble("refused_data", "create_was_never_answered")
        return [self._match("contact", row, names) for row in rows]

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await check_espo(self._espo, self._sink, owners)

    async def whoami(self) -> str:
        answer = await self._espo.ask("App/user")
        user = answer.get("user") if isinstance(answer, dict) else None
        if not isinstance(user, dict) or not user.get("id"):
            raise Trouble("refused_setup", "no_user", field="base_url")
        return str(user["id"])

    def _base_values(self, kind: RecordKind, parents: Parents) -> JsonObject:
        """What a new record hangs on, and what EspoCRM makes none without."""
        opportunity: JsonObject = {"parentType": "Opportunity", "parentId": parents.get("opportunity")}
        match kind:
            case "contact" | "company":
                return {"accountId": parents["company"]} if "company" in parents and kind == "contact" else {}
            case "opportunity":
                closes = self._now() + timedelta(days=self._sink.closes_in_days)
                values: JsonObject = {"amount": self._sink.amount, "closeDate": closes.date().isoformat()}
                values |= {"accountId": parents["company"]} if "company" in parents else {}
                return values | ({"contactsIds": [parents["contact"]]} if "contact" in parents else {})
            case "note":
                return {"type": "Post", **opportunity}
            case "task":
                return opportunity
            case _:
                assert_never(kind)

    async def _find_contact(self, key: Key, names: Collection[str]) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        if key.email is not None:
            return await self._first("contact", _equals("emailAddress", key.email), names)
        if key.phone is not None:
            return await self._first("contact", _equals("phoneNumber", key.phone), names)
        return None

    async def _find_beside(self, key: Key, names: Collection[str], opportunity: str | None) -> Match | None:
        """Among the notes or tasks of the opportunity, the one whose last line is our marker."""
        if opportunity is None:
            return None
        text = NAMES[key.kind]["text"]
        if key.kind == "note":
            path = f"Opportunity/{_segment(opportunity)}/stream"
            rows: Rows = [row for row in await self._espo.list_beside(path) if row.get("type") == "Post"]
        else:
            where = [_equals("parentType", "Opportunity"), _equals("parentId", opportunity)]
            rows = await self._espo.search("Task", where, [*names, text])
        for row in rows:
            body = str(row.get(text) or "")
            whole = await self._espo.read(ENTITIES[key.kind], str(row["id"])) if len(body) >= CUT else row
            if whole is not None and str(whole.get(text) or "").rstrip().endswith(f"\n{key.marker}"):
                return self._match(key.kind, whole, names)
        return None

    async def _first(self, kind: RecordKind, where: JsonObject, names: Collection[str]) -> Match | None:
        beside = ("stage",) if kind == "opportunity" else ()
        rows = await self._espo.search(ENTITIES[kind], [where], [*names, *beside])
        return self._match(kind, rows[0], names) if rows else None

    def _match(self, kind: RecordKind, row: JsonObject, names: Collection[str]) -> Match:
        stage = row.get("stage") if kind == "opportunity" else None
        over = CLOSED | {self._sink.stages.won, self._sink.stages.lost}
        is_over = stage in over or (kind == "task" and row.get("status") in ("Completed", "Canceled"))
        ident = str(row["id"])
        fields = {name: row.get(name) for name in names}
        return Match(ident, fields, stage=stage, is_closed=is_over, url=self._url(kind, ident))

    def _made_of(self, kind: RecordKind, row: JsonObject) -> Made:
        if not row.get("id"):
            raise Trouble("unknown", "answer_without_id")
        return Made(str(row["id"]), self._url(kind, str(row["id"])))

    def _url(self, kind: RecordKind, ident: str) -> str | None:
        return f"{self._sink.base_url}/#{ENTITIES[kind]}/view/{ident}" if kind != "note" else None


def _equals(name: str, value: str) -> JsonObject:
    return {"type": "equals", "attribute": name, "value": value}


def _sites(key: Key) -> list[JsonValue]:
    """The web site of a domain as people write it."""
    hosts = (key.text, f"www.{key.text}")
    return [f"{scheme}{host}{end}" for scheme in ("", "https://", "http://") for host in hosts for end in ("", "/")]


def _twin(key: Key, rows: Rows) -> JsonObject | None:
    """Among records that look the same to EspoCRM, by their names too, the one with our address or web site; of companies also one
    that has no web site yet."""
    if key.kind == "contact":
        return next((row for row in rows if key.email is not None and key.email in _addresses(row)), None)
    sites = _sites(key)
    ours = next((row for row in rows if row.get("website") in sites), None)
    return ours or next((row for row in rows if "website" in row and not row["website"]), None)


def _addresses(row: JsonObject) -> set[str]:
    more: JsonValue = row.get("emailAddressData")
    others = [entry.get("emailAddress") for entry in more if isinstance(entry, dict)] if isinstance(more, list) else []
    return {str(address).lower() for address in (row.get("emailAddress"), *others) if address}


def _segment(ident: str) -> str:
    if ident in ("", ".", ".."):
        raise Trouble("gone", "no_id")
    return quote(ident, safe="")


def _to_write(name: str, value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        return value
    if name in WORDS:
        return WORDS[name].get(value, value)
    if name in ("name", "firstName", "lastName"):
        return _plain(value)
    # An instant is written to the second, in UTC, with a blank.
    return (
        datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        if _INSTANT.fullmatch(value)
        else value
    )


def _plain(value: JsonValue) -> str:
    return " ".join(_BAD.sub(" ", str(value)).split())[:100]
