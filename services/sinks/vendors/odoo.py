"""Odoo (CRM app). Contacts and opportunities are made by `load` under an external id of ours, so a create that is sent again makes
no second record; notes are messages of the opportunity, tasks its activities, both recognised by our marker.

Read off Odoo 19 (JSON-2) by running it, and of the documentation of XML-RPC for those before. What is right for which version is
said in docs/crms/odoo.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from schemas.sinks.vendors import OdooSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.planning.note import as_html
from services.sinks.reconciling.sightings import Page, Sighting
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import MOST, Span
from services.sinks.vendors.odoo_calls import OdooCalls
from services.sinks.vendors.odoo_check import LOST, MODELS, TASK_TYPE, check_odoo
from services.sinks.vendors.odoo_reading import look_at, read_changes

NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {"email": "email", "full_name": "name", "phone": "phone", "owner": "user_id"},
    "company": {"name": "name", "domain": "website"},
    "opportunity": {"name": "name", "owner": "user_id", "stage": "stage_id"},
    "note": {"text": "body"},
    "task": {"subject": "summary", "owner": "user_id", "due_at": "date_deadline", "state": "state"},
}
"""Their fields of our values; what is not among them has no place in Odoo."""
_IDS = ("user_id", "stage_id", "team_id", "partner_id")
_BESIDES: Mapping[RecordKind, tuple[str, ...]] = {
    "opportunity": ("stage_id", "active", "probability"),
    "task": ("active",),
}
"""What is read beside the fields that were asked for."""
_SITE = "http://"
"""Odoo writes it before a web site that has no scheme."""
ENDINGS: Mapping[str, tuple[str, JsonObject]] = {
    "done": ("action_feedback", {"feedback": "Stafett"}),
    "cancelled": ("unlink", {}),
}
"""How an activity ends: done, which leaves a line in the history, or not needed any more."""
_ALL: JsonObject = {"active_test": False}
"""Archived records, which a lost opportunity is, are found as well."""


class Odoo:
    """One database."""

    deletes_for_good = True
    kinds: frozenset[RecordKind] = frozenset(MODELS)
    # Every call is a transaction of its own, and a look-up sees what was committed.
    settle = timedelta(0)

    def __init__(self, sink: OdooSink, caller: Caller, secret: str) -> None:
        self._sink, self._odoo = sink, OdooCalls(sink, caller, secret)

    def is_repeatable(self, kind: RecordKind) -> bool:
        """`load` under one external id makes one record."""
        return kind in ("contact", "company", "opportunity")

    def render(self, wanted: Wanted) -> Fields:
        kind, names = wanted.key.kind, NAMES[wanted.key.kind]
        fields = {names[n]: _to_write(names[n], value) for n, value in wanted.values.items() if n in names}
        match kind:
            case "contact":
                if "name" not in fields and wanted.values.get("email"):
                    fields["name"] = wanted.values["email"]
            case "company":
                fields["is_company"] = True
            case "note":
                fields = {name: as_html(str(value)) for name, value in fields.items()}
            case "opportunity":
                fields["referred"] = wanted.key.marker
            case "task":
                if "summary" in fields:
                    fields["summary"] = f"{fields['summary']} [{wanted.key.marker}]"
            case _:
                assert_never(kind)
        return {**fields, **wanted.extra}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
                    return match
                if key.email is None:
                    return None
                return await self._first(
                    key.kind, [["email_normalized", "=", key.email], ["is_company", "=", False]], names
                )
            case "company":
                return await self._first(
                    key.kind, [["is_company", "=", True], ["website", "=", _SITE + key.text]], names
                )
            case "opportunity":
                return await self._first(key.kind, [["referred", "=", key.marker]], names)
            case "note":
                of: list[list[JsonValue]] = [
                    ["model", "=", "crm.lead"],
                    ["res_id", "=", int(parents.get("opportunity", "0"))],
                ]
                return await self._first(key.kind, [*of, ["body", "ilike", _literal(key.marker)]], names)
            case "task":
                of = [["res_model", "=", "crm.lead"], ["res_id", "=", int(parents.get("opportunity", "0"))]]
                return await self._first(key.kind, [*of, ["summary", "ilike", _literal(f"[{key.marker}]")]], names)
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        return await self._first(kind, [["id", "=", int(vendor_id)]], names)

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        match key.kind:
            case "contact" | "company" | "opportunity":
                return await self._load(key, fields, parents)
            case "note":
                return await self._post_note(fields, parents)
            case "task":
                return await self._schedule(fields, parents)
            case _:
                assert_never(key.kind)

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        ids = [int(vendor_id)]
        if kind == "task" and fields.get("state") in ENDINGS:
            await self._end_task(ids, str(fields["state"]))
            return
        # Nothing is False there.
        values = {name: False if value is None else value for name, value in fields.items()}
        if kind == "opportunity" and values.get("stage_id") == LOST:
            del values["stage_id"]
            await self._odoo.ask("crm.lead", "action_set_lost", {}, ids=ids, is_write=True)
        if values:
            await self._odoo.ask(MODELS[kind], "write", {"vals": values}, ids=ids, is_write=True)

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:  # noqa: ARG002 - a name is needed in all
        return {name: ERASED if name == "name" else None for name in names}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        await self._odoo.ask(MODELS[kind], "unlink", {}, ids=[int(vendor_id)], is_write=True)

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        if kind != "contact":
            return
        match = await self.read("opportunity", opportunity, ("partner_id",))
        if match is not None and match.fields.get("partner_id") is None:
            await self.update("opportunity", opportunity, {"partner_id": int(vendor_id)})

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        begin, end = (at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") for at in span)
        domain: list[list[JsonValue]] = [["create_date", ">=", begin], ["create_date", "<=", end]]
        domain.append(["create_uid", "=", await self._odoo.user_id()])
        rows = await self._odoo.ask(
            MODELS["contact"],
            "search_read",
            {"domain": domain, "fields": sorted(names), "limit": MOST, "order": "id"},
        )
        if len(rows) == MOST:
            raise Trouble("refused_data", "create_was_never_answered")
        return [Match(str(row["id"]), {name: _as_read(name, row.get(name)) for name in names}) for row in rows]

    async def whoami(self) -> str:
        return str(await self._odoo.user_id())

    async def changes(self, cursor: str | None, since: datetime) -> Page:
        return await read_changes(self._odoo, cursor, since)

    async def look(self, vendor_ids: Sequence[str]) -> list[Sighting]:
        return await look_at(self._odoo, vendor_ids)

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await check_odoo(self._sink, self._odoo, owners)

    async def _first(self, kind: RecordKind, domain: list[list[JsonValue]], names: Collection[str]) -> Match | None:
        shown = [name for name in names if not (kind == "task" and name == "state")]
        wanted = {*shown, *_BESIDES.get(kind, ())}
        context: JsonObject = {"context": _ALL} if kind in ("opportunity", "task") else {}
        rows = await self._odoo.ask(
            MODELS[kind],
            "search_read",
            {"domain": domain, "fields": sorted(wanted), "limit": 1, "order": "id", **context},
        )
        if not rows:
            return None
        row = {name: _as_read(name, value) for name, value in rows[0].items()}
        is_archived = row.get("active") is None
        fields: dict[str, JsonValue] = {name: row.get(name) for name in shown}
        if kind == "task":
            fields["state"] = "done" if is_archived else "open"
        is_closed = kind in _BESIDES and (is_archived or row.get("probability") == 100)
        stage = LOST if kind == "opportunity" and is_archived else row.get("stage_id")
        vendor_id = str(rows[0]["id"])
        url = self._url(kind, vendor_id)
        return Match(vendor_id, fields, stage=str(stage) if stage else None, is_closed=is_closed, url=url)

    async def _load(self, key: Key, fields: Fields, parents: Parents) -> Made:
        values = {"id": _external_id(key)}
        values |= {f"{name}/.id" if name in _IDS else name: _to_load(value) for name, value in fields.items()}
        values |= self._parents(key.kind, parents)
        answer = await self._odoo.ask(
            MODELS[key.kind], "load", {"fields": list(values), "data": [list(values.values())]}, is_write=True
        )
        if not answer.get("ids"):
            raise _trouble_of_load(answer.get("messages") or [])
        vendor_id = str(answer["ids"][0])
        return Made(vendor_id, self._url(key.kind, vendor_id))

    def _parents(self, kind: RecordKind, parents: Parents) -> dict[str, JsonValue]:
        """What a new record hangs on, as `load` takes it."""
        if kind != "opportunity":
            return {"parent_id/.id": parents["company"]} if kind == "contact" and "company" in parents else {}
        values: dict[str, JsonValue] = {"type": "opportunity"}
        if "contact" in parents:
            values["partner_id/.id"] = parents["contact"]
        if self._sink.team is not None:
            values["team_id/.id"] = str(self._sink.team)
        return values

    async def _post_note(self, fields: Fields, parents: Parents) -> Made:
        values = {"body": fields["body"], "body_is_html": True, "subtype_xmlid": "mail.mt_note"}
        ids = [int(parents.get("opportunity", "0"))]
        return Made(_id_of(await self._odoo.ask("crm.lead", "message_post", values, ids=ids, is_write=True)))

    async def _schedule(self, fields: Fields, parents: Parents) -> Made:
        kept = {name: value for name, value in fields.items() if name != "state"}
        values = {"act_type_xmlid": self._sink.task.type or TASK_TYPE, **kept}
        ids = [int(parents.get("opportunity", "0"))]
        return Made(_id_of(await self._odoo.ask("crm.lead", "activity_schedule", values, ids=ids, is_write=True)))

    async def _end_task(self, ids: list[int], state: str) -> None:
        method, values = ENDINGS[state]
        await self._odoo.ask("mail.activity", method, values, ids=ids, is_write=True)

    def _url(self, kind: RecordKind, vendor_id: str) -> str | None:
        models = {"contact": "res.partner", "company": "res.partner", "opportunity": "crm.lead"}
        return f"{self._sink.base_url}/odoo/{models[kind]}/{vendor_id}" if kind in models else None


def _external_id(key: Key) -> str:
    """`stafett.ho_1`: a module and a name, which has letters, digits and underscores only."""
    return f"stafett.{key.kind}_{re.sub(r'[^A-Za-z0-9_]', '_', key.text)}"


def _to_write(name: str, value: JsonValue) -> JsonValue:
    if name in _IDS and value not in (None, LOST):
        return int(value)
    if name == "website":
        return f"{_SITE}{value}"
    return str(value)[:10] if name == "date_deadline" else value


def _as_read(name: str, value: JsonValue) -> JsonValue:
    """A value that was read in the shape in which it is written: a link is its id, nothing is None."""
    if isinstance(value, list) and len(value) == 2 and name.endswith("_id"):
        return value[0]
    return None if value is False else value


def _literal(text: str) -> str:
    """As a pattern of `ilike` that fits nothing else."""
    return text.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


def _to_load(value: JsonValue) -> str:
    """`load` takes texts, as a spreadsheet has them."""
    return "1" if value is True else "0" if value is False else str(value)


def _id_of(answer: JsonValue) -> str:
    """The id of what was made: bare, or in a list of one."""
    ident = answer[0] if isinstance(answer, list) and answer else answer
    if isinstance(ident, bool) or not isinstance(ident, int):
        raise Trouble("unknown", "answer_without_id")
    return str(ident)


def _trouble_of_load(messages: list[JsonObject]) -> Trouble:
    """`load` answers 200 also where nothing was made; what the messages say is all there is."""
    text = " ".join(str(message.get("message") or "") for message in messages)
    if "concurrent update" in text or "could not serialize" in text:
        return Trouble("transient", "concurrent_update")
    if "You are not allowed to" in text:
        return Trouble("refused_setup", "AccessError")
    field = next((str(message["field"]) for message in messages if message.get("field")), None)
    return Trouble("refused_data", "load_refused", field=field)
