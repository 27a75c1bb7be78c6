"""Close. A lead there is a company, and everything belongs to exactly one: contacts, opportunities, notes and tasks. An opportunity is
looked up among those of its contact's lead by a custom field of ours, notes and tasks by our marker; contacts by address and leads by
web site in an index that comes some seconds late, so a look-up that finds nothing is believed after `settle` only.

Read in Close's documentation; docs/crms/close.md says what was not tried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import assert_never
from urllib.parse import quote, urlsplit

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from schemas.sinks.vendors import CloseSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.reconciling.webhooks import Webhook
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendors.close_calls import CloseCalls
from services.sinks.vendors.close_check import check_close
from services.sinks.vendors.close_webhooks import NEEDED, webhooks_in

NOUNS: Mapping[RecordKind, str] = {
    "contact": "contact",
    "company": "lead",
    "opportunity": "opportunity",
    "note": "activity/note",
    "task": "task",
}
NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {"email": "emails", "phone": "phones", "full_name": "name"},
    "company": {"name": "name", "domain": "url"},
    # Close's opportunities have no name; the note is what their cards show.
    "opportunity": {"name": "note", "owner": "user_id", "stage": "status_id"},
    "note": {"text": "note"},
    "task": {"text": "text", "owner": "assigned_to", "due_at": "date", "state": "is_complete"},
}
"""Their fields of our values; what is not among them has no place in Close."""
CANCELLED = "cancelled"
"""Close's tasks are open or done: one that is not needed any more is taken away."""
NOWHERE = "0"
"""The id of a record that is only shown."""


class Close:
    """One organisation."""

    deletes_for_good = True
    kinds: frozenset[RecordKind] = frozenset(NOUNS)
    # How late the index is, Close does not say; its own notices speak of seconds on a usual day.
    settle = timedelta(seconds=60)
    needed = NEEDED

    def __init__(self, sink: CloseSink, caller: Caller, secret: str) -> None:
        self._sink, self._close = sink, CloseCalls(caller, secret)
        self._key = f"custom.{sink.key_field}"

    def is_repeatable(self, kind: RecordKind) -> bool:  # noqa: ARG002 - it is so of every kind
        """Two creates make two records."""
        return False

    def render(self, wanted: Wanted) -> Fields:
        kind, values = wanted.key.kind, dict(wanted.values)
        match kind:
            case "contact":
                parts = (values.get("first_name"), values.get("last_name"))
                name = values.get("full_name") or " ".join(str(part) for part in parts if part) or values.get("email")
                values |= {"full_name": name} if name else {}
            case "task":
                texts = [str(text) for text in (values.get("subject"), values.get("text")) if text]
                values |= {"text": "\n".join(texts)} if texts else {}
            case "company" | "opportunity" | "note":
                pass
            case _:
                assert_never(kind)
        names = NAMES[kind]
        fields = {names[name]: _to_write(names[name], value) for name, value in values.items() if name in names}
        if fields.get("is_complete") is False:
            del fields["is_complete"]
        if kind == "opportunity":
            fields[self._key] = wanted.key.text
        return {**fields, **wanted.extra}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                return await self._find_contact(key, names, parents.get("company"))
            case "company":
                rows = await self._close.search(
                    _by_text("lead", "url", key.text, mode="phrase"), "lead", ["id", "url", "name"]
                )
                found = next((row for row in rows if _host(row.get("url")) == key.text), None)
                return await self.read("company", str(found["id"]), names) if found is not None else None
            case "opportunity":
                rows = await self._list_of_lead("opportunity/", await self._lead_of(parents))
                return self._first(key.kind, (row for row in rows if row.get(self._key) == key.text), names)
            case "note" | "task":
                path, text = f"{NOUNS[key.kind]}/", NAMES[key.kind]["text"]
                rows = await self._list_of_lead(path, await self._lead_of_opportunity(parents))
                marked = (row for row in rows if str(row.get(text) or "").rstrip().endswith(f"\n{key.marker}"))
                return self._first(key.kind, marked, names)
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        row = await self._close.read(NOUNS[kind], vendor_id)
        return self._match(kind, row, names) if row is not None else None

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        values = {**await self._base_values(key.kind, parents), **fields}
        row = await self._close.write("POST", f"{NOUNS[key.kind]}/", values)
        if not row.get("id"):
            raise Trouble("unknown", "answer_without_id")
        return Made(str(row["id"]), _url(key.kind, row))

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        path = f"{NOUNS[kind]}/{_segment(vendor_id)}/"
        if kind == "task" and fields.get("is_complete") == CANCELLED:
            match = await self.read("task", vendor_id, ())
            # What somebody has done already stays, as their work.
            if match is not None and not match.is_closed:
                await self._close.write("DELETE", path)
            return
        await self._close.write("PUT", path, dict(fields))

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:  # noqa: ARG002 - names of fields are the same in all
        blanks: dict[str, JsonValue] = {"name": ERASED, "emails": [], "phones": []}
        return {name: blanks.get(name) for name in names}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        await self._close.write("DELETE", f"{NOUNS[kind]}/{_segment(vendor_id)}/")

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        """The contact is named by the opportunity; the company is the lead that it belongs to from the start."""
        if kind != "contact":
            return
        row = await self._close.read("opportunity", opportunity)
        if row is not None and row.get("contact_id") is None:
            await self.update("opportunity", opportunity, {"contact_id": vendor_id})

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await check_close(self._close, self._sink, owners)

    async def webhooks(self) -> list[Webhook]:
        return webhooks_in(await self._close.ask("webhook/"))

    async def whoami(self) -> str:
        return str((await self._close.ask("me/")).get("id") or "")

    async def _base_values(self, kind: RecordKind, parents: Parents) -> JsonObject:
        """What a new record belongs to. Raises Trouble where that is not there: Close would make a lead without a name for it."""
        match kind:
            case "company":
                return {}
            case "contact":
                return {"lead_id": parents["company"]} if "company" in parents else {}
            case "opportunity":
                contact = {"contact_id": parents["contact"]} if "contact" in parents else {}
                return {"lead_id": _existing_lead(await self._lead_of(parents), parents), **contact}
            case "note":
                return {"lead_id": _existing_lead(await self._lead_of_opportunity(parents), parents)}
            case "task":
                lead = _existing_lead(await self._lead_of_opportunity(parents), parents)
                return {"_type": "lead", "lead_id": lead, "is_complete": False}
            case _:
                assert_never(kind)

    async def _lead_of(self, parents: Parents) -> str | None:
        """The contact's: somebody may have stood under another one before we came."""
        row = await self._close.read("contact", parents["contact"]) if "contact" in parents else None
        return str(row["lead_id"]) if row is not None and row.get("lead_id") else parents.get("company")

    async def _lead_of_opportunity(self, parents: Parents) -> str | None:
        row = await self._close.read("opportunity", parents["opportunity"]) if "opportunity" in parents else None
        return str(row["lead_id"]) if row is not None and row.get("lead_id") else None

    async def _find_contact(self, key: Key, names: Collection[str], company: str | None) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        kind, value = ("email", key.email) if key.email is not None else ("phone", key.phone)
        if value is None:
            return None
        related: JsonObject = {
            "type": "has_related",
            "this_object_type": "contact",
            "related_object_type": f"contact_{kind}",
            "related_query": _by_text(f"contact_{kind}", kind, value, mode="exact_value"),
        }
        rows = await self._close.search(related, "contact", ["id", "emails", "phones"])
        # The list of a lead comes from the database, so it has who was made a moment ago.
        rows += await self._list_of_lead("contact/", company)
        found = next((row for row in rows if value in _texts(row.get(f"{kind}s"), kind)), None)
        return await self.read("contact", str(found["id"]), names) if found is not None else None

    async def _list_of_lead(self, path: str, lead: str | None) -> list[JsonObject]:
        return await self._close.list_all(path, lead_id=lead) if lead is not None else []

    def _first(self, kind: RecordKind, rows: Iterable[JsonObject], names: Collection[str]) -> Match | None:
        row = next(iter(rows), None)
        return self._match(kind, row, names) if row is not None else None

    def _match(self, kind: RecordKind, row: JsonObject, names: Collection[str]) -> Match:
        fields = {name: _as_read(name, row.get(name)) for name in names}
        is_over = row.get("status_type") in ("won", "lost") or row.get("is_complete") is True
        stage = row.get("status_id") if kind == "opportunity" else None
        return Match(str(row["id"]), fields, stage=stage, is_closed=is_over, url=_url(kind, row))


def _by_text(of: str, name: str, value: str, *, mode: str) -> JsonObject:
    return {
        "type": "field_condition",
        "field": {"type": "regular_field", "object_type": of, "field_name": name},
        "condition": {"type": "text", "mode": mode, "value": value},
    }


def _existing_lead(lead: str | None, parents: Parents) -> str:
    if lead is not None:
        return lead
    if NOWHERE in parents.values():
        return NOWHERE
    raise Trouble("refused_data", "no_lead_to_belong_to", field="lead_id")


def _to_write(name: str, value: JsonValue) -> JsonValue:
    match name:
        case "emails":
            return [{"email": value, "type": "office"}]
        case "phones":
            return [{"phone": value, "type": "office"}]
        case "url":
            return f"https://{value}"
        case "date":
            return str(value)[:10]
        case "is_complete":
            return {"open": False, "done": True}.get(str(value), CANCELLED)
        case _:
            return value


def _as_read(name: str, value: JsonValue) -> JsonValue:
    if name in ("emails", "phones") and isinstance(value, list):
        kind = name.removesuffix("s")
        return [{kind: one.get(kind), "type": one.get("type")} for one in value if isinstance(one, dict)]
    return value


def _texts(entries: JsonValue, name: str) -> set[str]:
    rows = entries if isinstance(entries, list) else []
    return {str(row.get(name) or "").lower() for row in rows if isinstance(row, dict)}


def _host(url: JsonValue) -> str:
    text = str(url or "")
    return (urlsplit(text if "//" in text else f"//{text}").hostname or "").removeprefix("www.")


def _url(kind: RecordKind, row: JsonObject) -> str | None:
    lead = row.get("id") if kind == "company" else row.get("lead_id")
    return f"https://app.close.com/lead/{quote(str(lead), safe='')}/" if lead else None


def _segment(ident: str) -> str:
    if ident in ("", ".", ".."):
        raise Trouble("gone", "no_id")
    return quote(ident, safe="")
