"""Upsales. An opportunity and a task are found by fields of their own that keep our ids, before one is made; the dossier is a part of the
opportunity's notes, between a line of ours and our marker, and what people write around it stays.

Upsales knows neither upserts nor unique fields, and its lists seem to come from an index: a look-up after a create that was never
answered waits until it may be believed. Read in Upsales' published collection of requests (docs/crms/upsales.md says what is not known).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never
from urllib.parse import quote

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind
from schemas.sinks.vendors import UpsalesSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendors.upsales_calls import UpsalesCalls
from services.sinks.vendors.upsales_check import check_account
from services.sinks.vendors.upsales_shapes import (
    CUSTOM,
    FIRST_LINE,
    NAMES,
    PATHS,
    TOUCHES,
    as_read,
    custom_of,
    domain_of,
    id_of,
    is_same,
    number_of,
    part_of,
    path_of,
    to_write,
    with_part,
)

_NAMED = "?usingFirstnameLastname=true"
_SOME = "&limit=50&sort=id"


class Upsales:
    """One customer's account."""

    deletes_for_good = False
    kinds: frozenset[RecordKind] = frozenset(PATHS)
    # A guess: rows say when they were indexed, and nobody says how late that may be.
    settle = timedelta(seconds=30)

    def __init__(self, sink: UpsalesSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink, self._now = sink, now
        self._upsales = UpsalesCalls(caller, secret)
        self._probabilities: dict[int, int] = {}

    def is_repeatable(self, kind: RecordKind) -> bool:
        """Our part of the notes is there once, however often it is written."""
        return kind == "note"

    def render(self, wanted: Wanted) -> Fields:
        kind, values = wanted.key.kind, dict(wanted.values)
        if kind == "contact" and not {"first_name", "last_name"} & values.keys():
            values["last_name"] = values.get("full_name") or values.get("email") or values.get("phone")
        names = NAMES[kind]
        fields = {
            names[name]: to_write(names[name], value) for name, value in values.items() if name in names and value
        }
        match kind:
            case "opportunity":
                fields[f"{CUSTOM}{self._sink.key_field}"] = wanted.key.text
            case "task":
                fields[f"{CUSTOM}{self._sink.task_key_field}"] = wanted.key.text
            case "note":
                fields = {name: f"{FIRST_LINE}\n{value}" for name, value in fields.items()}
            case "contact" | "company":
                pass
            case _:
                assert_never(kind)
        return {**fields, **wanted.extra}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                return await self._find_contact(key, names)
            case "company":
                forms = [f"{scheme}{www}{key.text}" for scheme in ("", "http://", "https://") for www in ("", "www.")]
                query = f"webpage=eq:{quote(','.join(forms), safe='')}&isExternal=0"
                return await self._first(key.kind, query, names, lambda row: domain_of(row.get("webpage")) == key.text)
            case "opportunity":
                return await self._by_key(key, self._sink.key_field, names)
            case "task":
                return await self._by_key(key, self._sink.task_key_field, names)
            case "note":
                return await self.read("note", _part_id(key, parents), names)
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        row = await self._upsales.read(path_of(kind, vendor_id))
        if kind != "note" or row is None:
            return self._match_of(kind, row, names) if row is not None else None
        part = part_of(row.get("notes"), of_touches=vendor_id.endswith(TOUCHES))
        return Match(vendor_id, {"notes": part}) if part is not None else None

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        kind = key.kind
        if kind == "note":
            part = _part_id(key, parents)
            await self.update("note", part, fields)
            return Made(part)
        body = await self._body(kind, fields) | self._besides(kind, parents)
        named = _NAMED if kind == "contact" else ""
        row = await self._upsales.write("POST", f"/{PATHS[kind]}{named}", body)
        vendor_id = id_of(row)
        if vendor_id is None:
            raise Trouble("unknown", "answer_without_id")
        return Made(vendor_id, self._url(kind, vendor_id))

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        path, values = path_of(kind, vendor_id), dict(fields)
        match values.pop("state", None):
            case "done":
                values["closeDate"] = self._today()
            case "cancelled":
                await self._take_away(path)
                return
            case _:
                pass
        if kind == "note":
            row = await self._upsales.read(path)
            if row is None:
                raise Trouble("gone", "no_opportunity")
            values["notes"] = with_part(row.get("notes"), str(values["notes"]))
        body = await self._body(kind, values, path)
        await self._upsales.write("PUT", path + (_NAMED if kind == "contact" else ""), body)

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:
        needed = {"contact": "lastName", "opportunity": "description"}.get(kind)
        return {name: ERASED if name == needed else "" for name in names}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        """Of the notes of an opportunity only our part goes."""
        path = path_of(kind, vendor_id)
        if kind != "note":
            await self._upsales.write("DELETE", path)
            return
        row = await self._upsales.read(path)
        part = part_of((row or {}).get("notes"), of_touches=vendor_id.endswith(TOUCHES))
        if row is not None and part is not None:
            await self._upsales.write("PUT", path, {"notes": str(row["notes"]).replace(part, "", 1).strip()})

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        """The company is on an opportunity from its first moment."""
        if kind != "contact":
            return
        path = path_of("opportunity", opportunity)
        row = await self._upsales.read(path)
        if row is not None and id_of(row.get("contact")) is None:
            await self._upsales.write("PUT", path, {"contact": {"id": number_of(vendor_id)}})

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await check_account(self._sink, self._upsales, owners)

    async def whoami(self) -> str:
        """The id that a key has among the users of this account, by which records say who made them."""
        me = await self._upsales.read("/self") or {}
        return str(me["client"]["userId"])

    async def _take_away(self, path: str) -> None:
        """A task that somebody has done already stays, as their work."""
        row = await self._upsales.read(path)
        if row is not None and row.get("closeDate") is None:
            await self._upsales.write("DELETE", path)

    async def _find_contact(self, key: Key, names: Collection[str]) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        if key.email is not None:
            query = f"email=eq:{quote(key.email, safe='')}"
            return await self._first("contact", query, names, lambda row: is_same(row.get("email"), key.email))
        if key.phone is not None:
            query = f"phone=eq:{quote(key.phone, safe='')}"
            return await self._first("contact", query, names, lambda row: is_same(row.get("phone"), key.phone))
        return None

    async def _by_key(self, key: Key, number: int, names: Collection[str]) -> Match | None:
        query = f"custom=eq:{number}:{quote(key.text, safe='')}"
        return await self._first(key.kind, query, names, lambda row: custom_of(row).get(number) == key.text)

    async def _first(
        self, kind: RecordKind, query: str, names: Collection[str], is_it: Callable[[JsonObject], bool]
    ) -> Match | None:
        """The oldest record that the look-up gives and that is it indeed: a filter that is not understood may be left out there."""
        rows = await self._upsales.select(f"/{PATHS[kind]}?{query}{_SOME}")
        row = next((row for row in rows if row.get("active", 1) and is_it(row)), None)
        return self._match_of(kind, row, names) if row is not None else None

    def _match_of(self, kind: RecordKind, row: JsonObject, names: Collection[str]) -> Match:
        vendor_id = id_of(row) or ""
        stage = id_of(row.get("stage")) if kind == "opportunity" else None
        is_ended = kind == "opportunity" and row.get("probability") in (0, 100)
        is_closed = is_ended or (kind == "task" and row.get("closeDate") is not None)
        fields = {name: as_read(kind, name, row) for name in names}
        return Match(vendor_id, fields, stage=stage, is_closed=is_closed, url=self._url(kind, vendor_id))

    async def _body(self, kind: RecordKind, fields: Fields, path: str | None = None) -> dict[str, JsonValue]:
        """Values as they are written. Fields of their own are one list, so those that are there already are said again."""
        plain = {name: value for name, value in fields.items() if not name.startswith(CUSTOM) and name != "state"}
        custom = {int(name.removeprefix(CUSTOM)): value for name, value in fields.items() if name.startswith(CUSTOM)}
        if (user := plain.pop("user", None)) is not None:
            plain |= {"users": [{"id": user}]} if kind == "task" else {"user": {"id": user}}
        if (stage := plain.get("stage")) is not None:
            plain |= {"stage": {"id": stage}, "probability": await self._probability_of(int(stage))}
        if custom:
            known = custom_of(await self._upsales.read(path) or {}) if path is not None else {}
            plain["custom"] = [{"fieldId": number, "value": value} for number, value in {**known, **custom}.items()]
        return plain

    def _besides(self, kind: RecordKind, parents: Parents) -> dict[str, JsonValue]:
        """What a new record cannot be without."""
        if kind == "company":
            return {}
        company = parents.get("company") or self._sink.company_for_others
        if company is None:
            raise Trouble("refused_data", "needs_a_company", field="company_for_others")
        values: dict[str, JsonValue] = {"client": {"id": number_of(str(company))}}
        contact = parents.get("contact")
        match kind:
            case "opportunity":
                day = self._now() + timedelta(days=self._sink.closes_in_days)
                row: JsonObject = {"product": {"id": self._sink.product}, "quantity": 1, "price": 0, "listPrice": 0}
                values |= {"date": f"{day:%Y-%m-%d}", "orderRow": [row]}
                values |= {"contact": {"id": number_of(contact)}} if contact is not None else {}
            case "task":
                values["activityType"] = {"id": number_of(self._sink.task.type or "")}
                values |= {"contacts": [{"id": number_of(contact)}]} if contact is not None else {}
                values |= {"opportunity": {"id": number_of(parents["opportunity"])}} if "opportunity" in parents else {}
            case "company" | "contact" | "note":
                pass
            case _:
                assert_never(kind)
        return values

    async def _probability_of(self, stage: int) -> int:
        """Which a stage brings with it, and which makes an order of an opportunity."""
        if stage not in self._probabilities:
            rows = await self._upsales.select("/orderstages")
            self._probabilities = {int(row["id"]): int(row.get("probability") or 0) for row in rows}
        if stage not in self._probabilities:
            raise Trouble("refused_setup", "no_such_stage", field="stages")
        return self._probabilities[stage]

    def _today(self) -> str:
        return f"{self._now():%Y-%m-%d}"

    def _url(self, kind: RecordKind, vendor_id: str) -> str | None:
        pages = {"contact": "contacts", "company": "companies"}
        return f"https://power.upsales.com/#/{pages[kind]}/{vendor_id}" if kind in pages else None


def _part_id(key: Key, parents: Parents) -> str:
    """The opportunity's, whose notes hold it; the part of what the lead did is another one of them."""
    return parents.get("opportunity", "0") + (TOUCHES if key.text.endswith(TOUCHES) else "")
