"""Salesforce. An opportunity is made by an upsert under an external id of ours, so a create that is sent again makes no second one;
contacts are found by their address, accounts by their web site. The dossier and the task are tasks of the opportunity, found among its
tasks by our marker: Salesforce's queries see what was committed. The contact is linked by a contact role.

Read in Salesforce's REST guide and tried against a stand-in (docs/crms/salesforce.md says what is not known).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never
from urllib.parse import quote

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from schemas.sinks.vendors import SalesforceSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.reconciling.sightings import Page, Sighting
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import MOST, Span
from services.sinks.vendors.salesforce_calls import Existing, SalesforceCalls
from services.sinks.vendors.salesforce_check import check_account
from services.sinks.vendors.salesforce_reading import check_reading, look_at, read_changes
from services.sinks.vendors.salesforce_values import (
    WORDS,
    host_of,
    id_segment,
    quote_id,
    quote_text,
    to_compare,
    to_write,
)

KEY = "Stafett_Handover_Id__c"
NOUNS: Mapping[RecordKind, str] = {
    "contact": "Contact",
    "company": "Account",
    "opportunity": "Opportunity",
    "note": "Task",
    "task": "Task",
}
NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {
        "email": "Email",
        "first_name": "FirstName",
        "last_name": "LastName",
        "phone": "Phone",
        "owner": "OwnerId",
    },
    "company": {"name": "Name", "domain": "Website"},
    "opportunity": {"name": "Name", "owner": "OwnerId", "stage": "StageName"},
    "note": {"text": "Description"},
    "task": {
        "subject": "Subject",
        "text": "Description",
        "owner": "OwnerId",
        "due_at": "ActivityDate",
        "state": "Status",
        "priority": "Priority",
    },
}
"""Their fields of our values; what is not among them has no place in Salesforce."""
DOSSIER = "Stafett"
"""The subject of the tasks that are the dossier, and what the lead did since."""
MOVED = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"})
"""What is said of a record that another one is to hang on, and that is no more."""


class Salesforce:
    """One org."""

    deletes_for_good = False
    kinds: frozenset[RecordKind] = frozenset(NOUNS)
    # A query sees what was committed; only the search, which is not asked, has an index.
    settle = timedelta(0)

    def __init__(self, sink: SalesforceSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink, self._now = sink, now
        self._salesforce = SalesforceCalls(sink, caller, secret, now)

    def is_repeatable(self, kind: RecordKind) -> bool:
        """An upsert under one external id makes one opportunity."""
        return kind == "opportunity"

    def render(self, wanted: Wanted) -> Fields:
        kind, values = wanted.key.kind, dict(wanted.values)
        if kind == "contact" and not {"first_name", "last_name"} & values.keys() and "full_name" in values:
            values["last_name"] = values["full_name"]
        names = NAMES[kind]
        fields: dict[str, JsonValue] = {
            names[name]: to_write(names[name], value) for name, value in values.items() if name in names
        }
        match kind:
            case "opportunity":
                fields[KEY] = wanted.key.text
            case "task":
                fields |= {"Type": self._sink.task.type} if self._sink.task.type is not None else {}
            case "contact" | "company" | "note":
                pass
            case _:
                assert_never(kind)
        return {**fields, **{name: to_compare(value) for name, value in wanted.extra.items()}}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                return await self._find_contact(key, names)
            case "company":
                return await self._find_account(key, names)
            case "opportunity":
                return await self._first(key.kind, f"{KEY} = {quote_text(key.text)}", names)
            case "note" | "task":
                return await self._find_beside(key, names, parents)
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        match = await self._first(kind, f"Id = {quote_id(vendor_id)}", names)
        if match is not None or kind not in ("contact", "company"):
            return match
        soql = f"SELECT MasterRecordId FROM {NOUNS[kind]} WHERE Id = {quote_id(vendor_id)} LIMIT 1"  # noqa: S608 - put in are names of ours, and ids that are letters and digits
        rows = await self._salesforce.query(soql, with_deleted=True)
        master = rows[0].get("MasterRecordId") if rows else None
        return await self.read(kind, str(master), names) if master else None

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        values = dict(fields)
        match key.kind:
            case "opportunity":
                values.pop(KEY, None)
                close = self._now().astimezone(UTC).date() + timedelta(days=self._sink.closes_in_days)
                values.setdefault("CloseDate", close.isoformat())
                path = f"/sobjects/Opportunity/{KEY}/{quote(key.text, safe='')}"
                return self._made_of(await self._salesforce.write("PATCH", path, values))
            case "contact":
                values.setdefault("LastName", _last_name(values, key))
                if "company" in parents:
                    values.setdefault("AccountId", parents["company"])
                return await self._create_contact(key, values)
            case "note" | "task":
                if key.kind == "note":
                    values |= {"Subject": DOSSIER, "Status": WORDS["Status"]["done"]}
                return await self._create_task(values, parents)
            case "company":
                answer, _ = await self._salesforce.create("/sobjects/Account", values)
                return self._made_of(answer)
            case _:
                assert_never(key.kind)

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        if kind == "task" and fields.get("Status") == WORDS["Status"]["cancelled"]:
            await self._take_away(vendor_id)
            return
        await self._salesforce.write("PATCH", f"/sobjects/{NOUNS[kind]}/{id_segment(vendor_id)}", dict(fields))

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:
        needed = {"contact": "LastName", "opportunity": "Name"}.get(kind)
        return {name: ERASED if name == needed else None for name in names}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        """Into the recycle bin, which keeps it for 15 days."""
        await self._salesforce.write("DELETE", f"/sobjects/{NOUNS[kind]}/{id_segment(vendor_id)}")

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        if kind == "contact":
            await self._link_contact(opportunity, vendor_id)
            return
        match = await self._first("opportunity", f"Id = {quote_id(opportunity)}", ("AccountId",))
        if match is not None and match.fields["AccountId"] is None:
            await self.update("opportunity", opportunity, {"AccountId": vendor_id})

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        begin, end = (at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") for at in span)
        user = quote_id(await self._salesforce.user_id())
        where = f"CreatedDate >= {begin} AND CreatedDate <= {end} AND CreatedById = {user}"
        matches = await self._all("contact", where, names, most=MOST)
        if len(matches) == MOST:
            raise Trouble("refused_data", "create_was_never_answered")
        return matches

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        problems = await check_account(self._salesforce, self._sink, owners, KEY)
        is_read = self._sink.reconcile is not None
        return problems + (await check_reading(self._salesforce, self._now()) if is_read else [])

    async def whoami(self) -> str:
        return await self._salesforce.user_id()

    async def changes(self, cursor: str | None, since: datetime) -> Page:
        return await read_changes(self._salesforce, cursor, since, self._now())

    async def look(self, vendor_ids: Sequence[str]) -> list[Sighting]:
        return await look_at(self._salesforce, vendor_ids)

    async def _take_away(self, vendor_id: str) -> None:
        """A task that somebody has done already stays, as their work."""
        match = await self._first("task", f"Id = {quote_id(vendor_id)} AND IsClosed = false", ("Status",))
        if match is not None:
            await self._salesforce.write("DELETE", f"/sobjects/Task/{id_segment(vendor_id)}")

    async def _create_task(self, values: dict[str, JsonValue], parents: Parents) -> Made:
        """Beside the opportunity and the contact; a contact that is no more is replaced by who is left of it, or left out."""
        beside = _beside(parents)
        try:
            answer, _ = await self._salesforce.create("/sobjects/Task", {**values, **beside})
        except Trouble as trouble:
            if trouble.code not in MOVED or "contact" not in parents:
                raise
            match = await self.read("contact", parents["contact"], ())
            kept = {name: ident for name, ident in beside.items() if name != "WhoId"}
            who: dict[str, JsonValue] = {"WhoId": match.vendor_id} if match is not None else {}
            answer, _ = await self._salesforce.create("/sobjects/Task", {**values, **kept, **who})
        return self._made_of(answer)

    async def _link_contact(self, opportunity: str, contact: str) -> None:
        where = f"OpportunityId = {quote_id(opportunity)} AND ContactId = {quote_id(contact)}"
        rows = await self._salesforce.query(f"SELECT Id FROM OpportunityContactRole WHERE {where} LIMIT 1")  # noqa: S608 - put in are ids, which are letters and digits
        if rows:
            return
        try:
            role: JsonObject = {"OpportunityId": opportunity, "ContactId": contact, "IsPrimary": True}
            await self._salesforce.create("/sobjects/OpportunityContactRole", role)
        except Trouble as trouble:
            if trouble.code not in MOVED or await self.read("opportunity", opportunity, ()) is None:
                raise
            # A contact that was merged is who is left of it; one that somebody took away is linked with nothing.
            match = await self.read("contact", contact, ())
            if match is not None and match.vendor_id != contact:
                await self._link_contact(opportunity, match.vendor_id)

    async def _create_contact(self, key: Key, values: dict[str, JsonValue]) -> Made:
        try:
            answer, existing = await self._salesforce.create("/sobjects/Contact", values)
        except Trouble as trouble:
            account = values.get("AccountId")
            if trouble.code not in MOVED or account is None or await self.read("company", str(account), ()):
                raise
            # The account was taken away there: the contact is made without.
            return await self._create_contact(key, {name: v for name, v in values.items() if name != "AccountId"})
        return self._made_of(answer) if existing is None else await self._adopt(existing, key)

    async def _adopt(self, existing: Existing, key: Key) -> Made:
        """The one contact that a duplicate rule names, where it has the address too: those rules also match names that are alike."""
        if existing.noun == "Contact" and len(existing.ids) == 1 and key.email is not None:
            match = await self.read("contact", existing.ids[0], ("Email",))
            if match is not None and str(match.fields["Email"] or "").lower() == key.email:
                return Made(match.vendor_id, match.url, adopted=True)
        raise Trouble("refused_data", "DUPLICATES_DETECTED", field=existing.noun or None)

    async def _find_contact(self, key: Key, names: Collection[str]) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        if key.email is not None:
            return await self._first("contact", f"Email = {quote_text(key.email)}", names)
        return (
            await self._first("contact", f"Phone = {quote_text(key.phone)}", names) if key.phone is not None else None
        )

    async def _find_account(self, key: Key, names: Collection[str]) -> Match | None:
        """By the host of its web site, in whichever way somebody wrote it."""
        like = f"Website LIKE {quote_text(f'%{key.text}%')}"
        for match in await self._all("company", like, {*names, "Website"}, most=50):
            if host_of(str(match.fields["Website"])) == key.text:
                return match._replace(fields={name: match.fields[name] for name in names})
        return None

    async def _find_beside(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        if "opportunity" not in parents:
            return None
        where = f"WhatId = {quote_id(parents['opportunity'])}"
        for match in await self._all(key.kind, where, {*names, "Description"}, most=2000):
            if (
                str(match.fields["Description"] or "").rstrip().endswith(f"\n{key.marker}")
                or match.fields["Description"] == key.marker
            ):
                return match._replace(fields={name: match.fields[name] for name in names})
        return None

    async def _first(self, kind: RecordKind, where: str, names: Collection[str]) -> Match | None:
        matches = await self._all(kind, where, names, most=1)
        return matches[0] if matches else None

    async def _all(self, kind: RecordKind, where: str, names: Collection[str], *, most: int) -> list[Match]:
        asked = sorted({"Id", *names, *(("StageName", "IsClosed") if kind == "opportunity" else ())})
        soql = f"SELECT {', '.join(asked)} FROM {NOUNS[kind]} WHERE {where} ORDER BY CreatedDate LIMIT {most}"  # noqa: S608 - put in are names of fields, which have letters, digits and underscores, and texts that are quoted
        return [self._match(kind, row, names) for row in await self._salesforce.query(soql)]

    def _match(self, kind: RecordKind, row: JsonObject, names: Collection[str]) -> Match:
        fields = {name: to_compare(row.get(name)) for name in names}
        is_closed = kind == "opportunity" and row.get("IsClosed") is True
        return Match(
            str(row["Id"]), fields, stage=row.get("StageName"), is_closed=is_closed, url=self._url(str(row["Id"]))
        )

    def _made_of(self, answer: JsonObject) -> Made:
        if not answer.get("id"):
            raise Trouble("unknown", "answer_without_id")
        return Made(str(answer["id"]), self._url(str(answer["id"])))

    def _url(self, vendor_id: str) -> str:
        return f"{self._sink.base_url}/{vendor_id}"


def _beside(parents: Parents) -> dict[str, JsonValue]:
    names: Mapping[RecordKind, str] = {"opportunity": "WhatId", "contact": "WhoId"}
    return {names[kind]: ident for kind, ident in parents.items() if kind in names}


def _last_name(values: Mapping[str, JsonValue], key: Key) -> JsonValue:
    """Salesforce has no contact without one."""
    return values.get("FirstName") or values.get("Email") or values.get("Phone") or key.text
