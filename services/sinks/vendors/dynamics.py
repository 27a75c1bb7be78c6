"""Dynamics 365 Sales. Every record that we make has an id that is worked out of our own key, so that a create which is sent again
makes no second one; `If-None-Match: *` keeps it from overwriting what is there. Contacts are looked for by address, companies by
web site first.

Read in Microsoft's pages of the Dataverse Web API and tried against a stand-in (docs/crms/dynamics.md says what is not known).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never
from urllib.parse import quote
from uuid import UUID, uuid5

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import FieldRule, RecordKind
from schemas.sinks.vendors import DynamicsSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.planning.note import as_html
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import MOST, Span
from services.sinks.vendors.dynamics_calls import DynamicsCalls
from services.sinks.vendors.dynamics_check import SETS, STATUS, TABLES, check_environment
from services.sinks.vendors.dynamics_shapes import (
    HANGS_ON,
    IDS,
    NAMES,
    STATES,
    as_guid,
    as_read,
    as_whole,
    body_of,
    literal,
    owner_of,
    to_write,
    word_to_write,
)

_OURS = UUID("5d1f5d4e-7c1b-5f0e-9a53-1f0b8f6f2c11")


class Dynamics:
    """One environment."""

    deletes_for_good = False
    kinds: frozenset[RecordKind] = frozenset(TABLES)
    # A look-up reads what was committed, and every create carries its id.
    settle = timedelta(0)

    def __init__(self, sink: DynamicsSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink = sink
        self._dynamics = DynamicsCalls(sink, caller, secret, now)

    def is_repeatable(self, kind: RecordKind) -> bool:  # noqa: ARG002 - it holds for all kinds
        """The id is ours, so the second create finds the first."""
        return True

    def render(self, wanted: Wanted) -> Fields:
        kind, values = wanted.key.kind, dict(wanted.values)
        if kind == "contact" and not {"first_name", "last_name"} & values.keys():
            values["last_name"] = values.get("full_name") or values.get("email") or values.get("phone")
        names = NAMES[kind]
        fields = {
            names[name]: to_write(names[name], value) for name, value in values.items() if name in names and value
        }
        match kind:
            case "note":
                if "notetext" in fields and self._sink.html_notes:
                    fields["notetext"] = as_html(str(fields["notetext"]))
            case "opportunity":
                if values.get("stage") is not None:
                    fields[self._sink.stage_column] = as_whole(values["stage"])
            case "task":
                fields |= STATES.get(str(values.get("state")), {})
            case "contact" | "company":
                pass
            case _:
                assert_never(kind)
        return {**fields, **self._render_extra(kind, wanted.extra)}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:  # noqa: ARG002 - ids are our own
        match key.kind:
            case "contact":
                return await self._find_contact(key, names)
            case "company":
                forms = [f"{scheme}{www}{key.text}" for scheme in ("https://", "http://", "") for www in ("", "www.")]
                texts = [text + end for text in forms for end in ("", "/")]
                return await self._first(key.kind, [f"websiteurl eq {literal(text)}" for text in texts], names)
            case "opportunity" | "note" | "task":
                return await self._read(key.kind, self._address(key), names)
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        return await self._read(kind, as_guid(vendor_id), names)

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        kind, address = key.kind, self._address(key)
        values = {name: value for name, value in fields.items() if name != "statecode"}
        body = body_of(values) | {
            f"{HANGS_ON[kind][of]}@odata.bind": f"/{SETS[of]}({ident})"
            for of, ident in parents.items()
            if of in HANGS_ON[kind]
        }
        headers, path = {"If-None-Match": "*"}, f"/{SETS[kind]}({address})"
        if "=" in address:
            # Only where the id is not ours it has to be told.
            headers["Prefer"], path = "return=representation", f"{path}?$select={IDS[kind]}"
        owner = owner_of(fields)
        reply = await self._dynamics.write("PATCH", path, body, table=TABLES[kind], headers=headers, owner=owner)
        if reply.status != 412:
            vendor_id = str(reply.json()[IDS[kind]]).lower() if reply.body else address
            return Made(vendor_id, self._url(kind, vendor_id))
        match = await self._read(kind, address, ())
        if match is None:
            # Not by its id: by another key that the environment holds unique.
            raise Trouble("refused_data", "another_record_has_this_key", field=TABLES[kind])
        return Made(match.vendor_id, match.url, adopted=True)

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        values = dict(fields)
        stage = values.get(STATUS) if kind == "opportunity" and self._sink.stage_column == STATUS else None
        ending = self._ending(stage)
        if ending is not None:
            del values[STATUS]
        elif stage is not None:
            values["statecode"] = 0
        if values:
            path = f"/{SETS[kind]}({as_guid(vendor_id)})"
            owner = owner_of(values)
            await self._dynamics.write(
                "PATCH", path, body_of(values), table=TABLES[kind], headers={"If-Match": "*"}, owner=owner
            )
        if ending is not None:
            await self._close(ending, as_guid(vendor_id), stage)

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:
        needed = {"contact": "lastname", "opportunity": "name"}.get(kind)
        return {name: ERASED if name == needed else None for name in names}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        await self._dynamics.write("DELETE", f"/{SETS[kind]}({as_guid(vendor_id)})", table=TABLES[kind])

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        property_name = HANGS_ON["opportunity"].get(kind)
        if property_name is None:
            return
        path = f"/opportunities({as_guid(opportunity)})"
        row = await self._dynamics.read(f"{path}?$select=_{property_name}_value", "opportunity")
        if row is not None and row.get(f"_{property_name}_value") is None:
            body: JsonObject = {f"{property_name}@odata.bind": f"/{SETS[kind]}({as_guid(vendor_id)})"}
            await self._dynamics.write("PATCH", path, body, table="opportunity", headers={"If-Match": "*"})

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        begin, end = (at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") for at in span)
        between = quote(f"createdon ge {begin} and createdon le {end}")
        query = f"$select={self._select('contact', names)}&$filter={between}&$orderby=createdon&$top={MOST}"
        answer = await self._dynamics.read(f"/{SETS['contact']}?{query}", TABLES["contact"])
        rows: list[JsonObject] = (answer or {}).get("value") or []
        if len(rows) == MOST:
            raise Trouble("refused_data", "create_was_never_answered")
        found = [await self._match_of("contact", row, names) for row in rows]
        return [match for match in found if match is not None]

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await check_environment(self._sink, self._dynamics, owners)

    async def whoami(self) -> str:
        answer = await self._dynamics.read("/WhoAmI") or {}
        return str(answer["UserId"]).lower()

    def _render_extra(self, kind: RecordKind, extra: Fields) -> Fields:
        """A choice is a number there, and two options are true and false: such words of a mapping are written as these."""
        rules: Mapping[str, FieldRule] = getattr(self._sink.fields, kind, {})
        return {
            name: word_to_write(value) if rules[name].words else to_write(name, value) for name, value in extra.items()
        }

    def _ending(self, stage: JsonValue) -> str | None:
        """The action that closes an opportunity, which no change of a column does."""
        stages = self._sink.stages
        endings = {stages.won: "WinOpportunity", stages.lost: "LoseOpportunity"}
        return endings.get(str(stage)) if stage is not None else None

    async def _close(self, action: str, vendor_id: str, status: JsonValue) -> None:
        bound: JsonObject = {"opportunityid@odata.bind": f"/opportunities({vendor_id})", "subject": "Stafett"}
        body: JsonObject = {"Status": status, "OpportunityClose": bound}
        await self._dynamics.write("POST", f"/{action}", body, table="opportunity")

    async def _find_contact(self, key: Key, names: Collection[str]) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        if key.email is not None:
            return await self._first("contact", [f"emailaddress1 eq {literal(key.email)}"], names)
        if key.phone is not None:
            columns = ("telephone1", "mobilephone")
            return await self._first("contact", [f"{column} eq {literal(key.phone)}" for column in columns], names)
        return None

    async def _first(self, kind: RecordKind, any_of: list[str], names: Collection[str]) -> Match | None:
        """The oldest record that is active; the one that is left where the one found was merged into another."""
        query = f"$select={self._select(kind, names)}&$filter={quote(' or '.join(any_of))}"
        answer = await self._dynamics.read(f"/{SETS[kind]}?{query}&$orderby=statecode,createdon&$top=1", TABLES[kind])
        rows: list[JsonObject] = (answer or {}).get("value") or []
        if not rows or (rows[0].get("statecode") != 0 and not rows[0].get("merged")):
            return None
        return await self._match_of(kind, rows[0], names)

    async def _read(self, kind: RecordKind, address: str, names: Collection[str]) -> Match | None:
        path = f"/{SETS[kind]}({address})?$select={self._select(kind, names)}"
        row = await self._dynamics.read(path, TABLES[kind])
        return await self._match_of(kind, row, names) if row is not None else None

    async def _match_of(self, kind: RecordKind, row: JsonObject, names: Collection[str]) -> Match | None:
        if row.get("merged") and row.get("_masterid_value"):
            return await self._read(kind, as_guid(str(row["_masterid_value"])), names)
        vendor_id = str(row[IDS[kind]]).lower()
        fields = {name: as_read(name, row) for name in names}
        stage = row.get(self._sink.stage_column) if kind == "opportunity" else None
        is_closed = kind in ("opportunity", "task") and row.get("statecode") != 0
        return Match(
            vendor_id,
            fields,
            stage=None if stage is None else str(stage),
            is_closed=is_closed,
            url=self._url(kind, vendor_id),
        )

    def _select(self, kind: RecordKind, names: Collection[str]) -> str:
        wanted = {IDS[kind], *("_ownerid_value" if name == "ownerid" else name for name in names)}
        match kind:
            case "contact" | "company":
                wanted |= {"statecode", "merged", "_masterid_value"}
            case "opportunity":
                wanted |= {"statecode", self._sink.stage_column}
            case "task":
                wanted.add("statecode")
            case "note":
                pass
            case _:
                assert_never(kind)
        return ",".join(sorted(wanted))

    def _address(self, key: Key) -> str:
        """Where a record of ours is: by the alternate key where there is one, else by an id that follows from our key. Two leads with
        one address are one person, whoever of them comes first."""
        if key.kind == "opportunity" and self._sink.key_column is not None:
            return f"{self._sink.key_column}={quote(literal(key.text))}"
        text = key.email if key.kind == "contact" and key.email is not None else key.text
        return str(uuid5(_OURS, f"{key.kind}/{text}"))

    def _url(self, kind: RecordKind, vendor_id: str) -> str | None:
        if kind == "note":
            return None
        return f"{self._sink.base_url}/main.aspx?pagetype=entityrecord&etn={TABLES[kind]}&id={vendor_id}"
