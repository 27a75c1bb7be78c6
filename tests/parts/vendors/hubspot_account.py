"""One account of HubSpot: its keys, owners, limits, lists and records, and what it answers to whoever may not ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.parts.vendors.faults import Answer, Limit
from tests.parts.vendors.hubspot_answers import NO_LOGIN, Refusal, error, missing_scopes, too_many
from tests.parts.vendors.hubspot_records import NOUNS, Property, Record, Records
from tests.parts.vendors.server import Held, Request, Route, VendorApi

VERSION = "2026-09"
ALL_SCOPES = frozenset(
    {f"crm.objects.{noun}.{what}" for noun in ("contacts", "companies", "deals", "leads") for what in ("read", "write")}
    | {f"crm.schemas.{noun}.{what}" for noun in ("contacts", "deals") for what in ("read", "write")}
    | {"crm.objects.owners.read", "crm.lists.read", "crm.lists.write"}
    | {"communication_preferences.read", "communication_preferences.write"}
)
KEY = "stafett_handover_id"


@dataclass(frozen=True)
class Owner:
    id: str
    email: str
    is_archived: bool = False


@dataclass
class MembersList:
    """Contacts by id with the instant at which they came."""

    name: str
    is_manual: bool = True
    members: dict[str, str] = field(default_factory=dict)


@dataclass
class Subscription:
    """A subscription type. `statuses`: by address, what was set last, with its explanation; `refused`: who said no themselves, and
    may be subscribed by nobody else."""

    name: str
    is_internal: bool = False
    statuses: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


@dataclass
class HubSpotAccount(VendorApi):
    """One account. `keys`: service keys with their scopes."""

    keys: dict[str, frozenset[str]] = field(default_factory=lambda: {"pat-eu1-stand-in": ALL_SCOPES})
    owners: dict[str, Owner] = field(default_factory=dict)
    lists: dict[str, MembersList] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    records: Records = field(default_factory=Records)
    burst: Limit = field(default_factory=lambda: Limit(190, 10))
    daily: Limit = field(default_factory=lambda: Limit(650_000, 86_400))
    searches: Limit = field(default_factory=lambda: Limit(5, 1))
    zone: str = "Europe/Stockholm"

    def __post_init__(self) -> None:
        self.records.owners |= {owner.id for owner in self.owners.values() if not owner.is_archived}

    def add_property(self, noun: str, prop: Property) -> None:
        self.records.properties[noun][prop.name] = prop

    def truth(self) -> dict[str, Held]:
        found: dict[str, list[Record]] = {}
        for noun in ("deals", "leads"):
            for record in self.records.objects[noun].values():
                key = record.properties.get(KEY)
                if key and not record.is_archived and record.merged_into is None:
                    found.setdefault(key, []).append(record)
        return {key: self._held(records) for key, records in found.items()}

    def _held(self, records: list[Record]) -> Held:
        first = records[0]
        tasks = self.records.beside(first, "tasks")
        still_open = [task.properties for task in tasks if task.properties.get("hs_task_status") != "COMPLETED"]
        return Held(
            ids=tuple(record.id for record in records),
            owner=first.properties.get("hubspot_owner_id"),
            stage=first.properties.get("dealstage") or first.properties.get("hs_pipeline_stage"),
            contacts=tuple(record.id for record in self.records.beside(first, "contacts")),
            notes=tuple(note.properties.get("hs_note_body", "") for note in self.records.beside(first, "notes")),
            open_tasks=tuple((p.get("hs_task_subject", ""), p.get("hubspot_owner_id")) for p in still_open),
            tasks=len(tasks),
        )

    def refuse(self, request: Request, route: Route) -> Answer | None:
        scopes = self.keys.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if scopes is None:
            return NO_LOGIN
        noun = request.path.removeprefix(f"/crm/objects/{VERSION}/").partition("/")[0]
        owned = noun if noun in ("companies", "deals", "leads") else "contacts"
        if missing := {scope.format(noun=owned) for scope in route.scopes} - scopes:
            return missing_scopes(missing)
        if not self.burst.take():
            return too_many("TEN_SECONDLY_ROLLING")
        return None if self.daily.take() else too_many("DAILY")

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        if not {names.get("noun", "contacts"), names.get("other", "contacts")} <= set(NOUNS):
            return error(400, "VALIDATION_ERROR", "Unable to infer object type")
        try:
            return super().carry_out(route, request, names)
        except Refusal as refusal:
            return refusal.answer

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "<html><body><h2>HTTP ERROR 404</h2></body></html>", {"content-type": "text/html"})

    def no_such_request(self, problems: list[str]) -> Answer:
        return error(400, "VALIDATION_ERROR", f"Invalid input JSON: {problems[0]}")
