"""Tryton (modules sale_opportunity and party). Nothing is unique there, so whoever creates looks first, by the reference of an
opportunity and the e-mail of a party, and is the only writer.

A note cannot be changed: another dossier is another note, and then the one before it goes. A state is not written but reached by a
button. There are no tasks: the due day is the end date, and the owner sees it in their list. Read off Tryton 8.2 by running it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind
from schemas.sinks.vendors import TrytonSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.reconciling.sightings import Page, Sighting
from services.sinks.records import Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import Span
from services.sinks.vendors.tryton_calls import MOST, TrytonCalls
from services.sinks.vendors.tryton_check import problems_of_setup
from services.sinks.vendors.tryton_reading import look_at, read_changes
from services.sinks.vendors.tryton_values import (
    MECHANISMS,
    MODELS,
    NAMES,
    adding,
    as_read,
    clean,
    escape,
    instant_to_write,
    party_fields,
    party_values,
    to_id,
    to_show,
    to_write,
)

BUTTONS = {"lead": "lead", "opportunity": "opportunity", "lost": "lost", "cancelled": "cancel"}
"""How a state is reached."""
CLOSED = ("converted", "won", "lost", "cancelled")
"""States in which Tryton lets nobody change the owner; `converted` has become a sale."""


class Tryton:
    """One company of one database."""

    # On its way an opportunity is cancelled, and then nobody can change it: it is emptied before.
    deletes_for_good = False
    kinds: frozenset[RecordKind] = frozenset(MODELS)

    def __init__(self, sink: TrytonSink, caller: Caller, secret: str) -> None:
        self._sink, self._tryton = sink, TrytonCalls(sink, caller, secret)
        self.settle = timedelta(seconds=sink.settle_seconds)

    def is_repeatable(self, kind: RecordKind) -> bool:  # noqa: ARG002 - the signature of the port
        """Two creates are two records."""
        return False

    def render(self, wanted: Wanted) -> Fields:
        kind = wanted.key.kind
        fields = {
            NAMES[kind][name]: to_show(NAMES[kind][name], value)
            for name, value in wanted.values.items()
            if name in NAMES[kind]
        }
        match kind:
            case "opportunity":
                fields["reference"] = wanted.key.text
            case "contact":
                if "email" in fields:
                    fields.setdefault("name", fields["email"])
            case "company" | "note" | "task":
                pass
            case _:
                assert_never(kind)
        return {**fields, **{name: clean(name, value) for name, value in wanted.extra.items()}}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                return await self._find_contact(key, names)
            case "company":
                party = await self._party_with("website", key.text)
                return await self.read("company", party, names) if party is not None else None
            case "opportunity":
                known: list[JsonValue] = [["reference", "=", key.text], ["company", "=", self._sink.company_id]]
                return await self._opportunity(known, names)
            case "note":
                notes = await self._notes(parents.get("opportunity", "0"), key.marker)
                return Match(str(notes[-1]["id"]), {"message": notes[-1]["message"]}) if notes else None
            case "task":
                return None
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        match kind:
            case "contact" | "company":
                return await self._party(vendor_id, names)
            case "opportunity":
                return await self._opportunity([["id", "=", to_id(vendor_id)]], names)
            case "note":
                note = await self._note(vendor_id)
                return Match(vendor_id, {"message": note["message"]}) if note is not None else None
            case "task":
                return None
            case _:
                assert_never(kind)

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        match key.kind:
            case "contact" | "company":
                values = party_values(fields, None if key.kind == "company" or "email" in fields else key.marker)
            case "opportunity":
                # No state can be given: a new one is a lead.
                values = {name: to_write(name, value) for name, value in fields.items() if name != "state"}
                values |= {"company": self._sink.company_id}
                if party := parents.get("company") or parents.get("contact"):
                    values["party"] = to_id(party)
            case "note":
                values = {**fields, "resource": f"sale.opportunity,{parents.get('opportunity', '0')}"}
            case "task":
                raise Trouble("refused_setup", "no_tasks_there")
            case _:
                assert_never(key.kind)
        made = await self._tryton.ask(f"{MODELS[key.kind]}.create", [values], is_write=True)
        if not isinstance(made, list) or len(made) != 1:
            raise Trouble("unknown", "answer_without_id")
        return Made(str(made[0]), self._url(key.kind, str(made[0])))

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        match kind:
            case "contact" | "company":
                await self._update_party(vendor_id, fields)
            case "opportunity":
                await self._update_opportunity(vendor_id, fields)
            case "note":
                await self._replace_note(vendor_id, str(fields["message"]))
            case "task":
                pass
            case _:
                assert_never(kind)

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:  # noqa: ARG002 - nothing is needed in any
        return dict.fromkeys(names)

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        """An opportunity is cancelled first: Tryton deletes no other."""
        if kind == "opportunity":
            match = await self.read(kind, vendor_id, ())
            if match is not None and match.stage != "cancelled":
                await self._tryton.ask("sale.opportunity.cancel", [to_id(vendor_id)], is_write=True)
        if kind in MODELS:
            await self._tryton.ask(f"{MODELS[kind]}.delete", [to_id(vendor_id)], is_write=True)

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        """`create` gave it its party; where the person is reached is one of their addresses."""
        match = await self.read("opportunity", opportunity, ("party", "contact"))
        if match is None or match.is_closed:
            return
        values: dict[str, JsonValue] = {}
        if match.fields.get("party") is None:
            values["party"] = to_id(vendor_id)
        if kind == "contact" and match.fields.get("contact") is None:
            rows = await self._tryton.rows(
                "party.contact_mechanism",
                [["party", "=", to_id(vendor_id)], ["type", "in", ["email", "phone"]]],
                ["type"],
            )
            if rows:
                values["contact"] = min(rows, key=lambda row: (row["type"] != "email", row["id"]))["id"]
        if values:
            await self._tryton.ask("sale.opportunity.write", [to_id(opportunity)], values, is_write=True)

    async def whoami(self) -> str:
        """Ours is told apart from people, who are known by the ids of their employees."""
        return f"user/{await self._tryton.user_id()}"

    async def changes(self, cursor: str | None, since: datetime) -> Page:
        return await read_changes(self._tryton, cursor, since)

    async def look(self, vendor_ids: Sequence[str]) -> list[Sighting]:
        return await look_at(self._tryton, vendor_ids)

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        """Parties by the addresses that our user gave them then."""
        begin, end = map(instant_to_write, span)
        user = int(await self._tryton.user_id())
        domain: list[JsonValue] = [["create_date", ">=", begin], ["create_date", "<=", end], ["create_uid", "=", user]]
        rows = await self._tryton.rows("party.party", domain, ["active"])
        if len(rows) >= MOST:
            raise Trouble("refused_data", "create_was_never_answered")
        found = [await self.read("contact", str(row["id"]), names) for row in rows]
        return [match for match in found if match is not None]

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await problems_of_setup(self._sink, self._tryton, owners)

    async def _opportunity(self, domain: list[JsonValue], names: Collection[str]) -> Match | None:
        rows = await self._tryton.rows("sale.opportunity", domain, {*names, "state"})
        if not rows:
            return None
        row = {name: as_read(value) for name, value in rows[0].items()}
        ident, state = str(row["id"]), str(row["state"])
        fields = {name: row.get(name) for name in names}
        return Match(ident, fields, state, is_closed=state in CLOSED, url=self._url("opportunity", ident))

    async def _find_contact(self, key: Key, names: Collection[str]) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        kind, value = ("email", key.email) if key.email is not None else ("other", key.marker)
        party = await self._party_with(kind, value)
        return await self.read("contact", party, names) if party is not None else None

    async def _party_with(self, kind: str, value: str) -> str | None:
        """The id of the oldest party that has this address, in whatever capitals."""
        domain: list[JsonValue] = [["type", "=", kind], ["value", "ilike", escape(value)], ["party.active", "=", True]]
        rows = await self._tryton.rows("party.contact_mechanism", domain, ["party", "value"])
        return next((str(row["party"]) for row in rows if str(row["value"]).lower() == value.lower()), None)

    async def _party(self, vendor_id: str, names: Collection[str]) -> Match | None:
        """Follows those that were replaced by another; None where nobody is active."""
        ident: str | None = vendor_id
        for _ in range(5):
            wanted = {name for name in names if name not in MECHANISMS} | {"active", "replaced_by"}
            domain: list[JsonValue] = [["id", "=", to_id(ident)]]
            nested = {f"contact_mechanisms.{name}" for name in ("type", "value")}
            rows = await self._tryton.rows("party.party", domain, wanted | nested, archived=True)
            if not rows:
                return None
            row = rows[0]
            if row["active"]:
                return Match(str(row["id"]), party_fields(row, names), url=self._url("contact", str(row["id"])))
            if row["replaced_by"] is None:
                return None
            ident = str(row["replaced_by"])
        return None

    async def _update_party(self, vendor_id: str, fields: Fields) -> None:
        """A new address beside those that are there; one that we may overwrite takes the place of the first."""
        kinds: list[JsonValue] = [name for name in MECHANISMS if name in fields]
        domain: list[JsonValue] = [["party", "=", to_id(vendor_id)], ["type", "in", kinds]]
        values = {name: value for name, value in fields.items() if name not in MECHANISMS}
        rows = await self._tryton.rows("party.contact_mechanism", domain, ["type"]) if kinds else []
        first = {str(row["type"]): row["id"] for row in reversed(rows)}
        changes = [
            _change_of(str(kind), fields[str(kind)], first.get(str(kind)))
            for kind in kinds
            if kind in first or fields[str(kind)] is not None
        ]
        if changes:
            values["contact_mechanisms"] = changes
        if values:
            await self._tryton.ask("party.party.write", [to_id(vendor_id)], values, is_write=True)

    async def _update_opportunity(self, vendor_id: str, fields: Fields) -> None:
        """Fields first: in a state that ends it nothing can be changed."""
        ids: list[JsonValue] = [to_id(vendor_id)]
        values = {name: to_write(name, value) for name, value in fields.items() if name != "state"}
        if values:
            await self._tryton.ask("sale.opportunity.write", ids, values, is_write=True)
        if "state" in fields:
            await self._tryton.ask(f"sale.opportunity.{BUTTONS[str(fields['state'])]}", ids, is_write=True)

    async def _replace_note(self, vendor_id: str, text: str) -> None:
        """Killed on the way there are two for a while; whoever comes again finds the new one and takes the old away."""
        old_one = await self._note(vendor_id)
        if old_one is None:
            raise Trouble("gone", "no_longer_there", field="ir.note")
        resource, marker = str(old_one["resource"]), text.rpartition("\n")[2]
        notes = await self._notes(resource.partition(",")[2], marker)
        if not any(note["message"] == text for note in notes):
            try:
                await self._tryton.ask("ir.note.create", [{"resource": resource, "message": text}], is_write=True)
            except Trouble as trouble:
                if trouble.kind == "unknown":
                    raise Trouble("unknown", trouble.code, wait=self.settle) from None
                raise
        old: list[JsonValue] = [note["id"] for note in notes if note["message"] != text]
        if old:
            await self._tryton.ask("ir.note.delete", old, is_write=True)

    async def _note(self, vendor_id: str) -> JsonObject | None:
        """By its id alone: a search of notes has to name what they hang on."""
        try:
            rows = await self._tryton.ask("ir.note.read", [to_id(vendor_id)], ["message", "resource"])
        except Trouble as trouble:
            if trouble.kind == "gone":
                return None
            raise
        return rows[0] if rows else None

    async def _notes(self, opportunity: str, marker: str) -> list[JsonObject]:
        """Those of ours that hang on the opportunity, the oldest first."""
        domain: list[JsonValue] = [
            ["resource", "=", f"sale.opportunity,{to_id(opportunity)}"],
            ["message", "like", f"%{escape(marker)}"],
        ]
        notes = await self._tryton.rows("ir.note", domain, ["message"])
        return [note for note in notes if str(note["message"]).rpartition("\n")[2] == marker]

    def _url(self, kind: RecordKind, vendor_id: str) -> str | None:
        """As the web client has it."""
        page = f"{self._sink.base_url}/#{self._sink.database}/model/{MODELS[kind]}/{vendor_id}"
        return None if MODELS[kind] == "ir.note" else page


def _change_of(kind: str, value: JsonValue, first: JsonValue) -> JsonValue:
    """As a command of a list of rows: a value in the place of the first of its kind, or more; no value takes the first away."""
    if value is None:
        return ["delete", [first]]
    return ["write", [first], {"value": value}] if first is not None else adding(kind, value)
