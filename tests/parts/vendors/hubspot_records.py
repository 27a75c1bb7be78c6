"""What HubSpot keeps: records with typed properties, what is associated with what, and an index for searches that comes after."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.parts.vendors.faults import Json
from tests.parts.vendors.hubspot_answers import Refusal, invalid_properties, not_there, taken_address, taken_value

NOUNS = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "notes": "0-46",
    "tasks": "0-27",
    "leads": "0-136",
    "calls": "0-48",
    "meetings": "0-47",
    "emails": "0-49",
}
PORTAL = 62515


@dataclass(frozen=True)
class Property:
    name: str
    type: str = "string"
    field_type: str = "text"
    options: tuple[str, ...] = ()
    is_unique: bool = False
    is_required: bool = False
    """When a record is made."""
    most: int = 65_536


def choice(name: str, *options: str) -> Property:
    return Property(name, "enumeration", "select", options)


def instant(name: str, *, is_required: bool = False) -> Property:
    return Property(name, "datetime", "date", is_required=is_required)


STAGES = ("offered", "accepted", "returned", "closedwon", "closedlost")
STANDARD: dict[str, tuple[Property, ...]] = {
    "contacts": (
        Property("email", is_unique=True), Property("firstname"), Property("lastname"), Property("phone"),
        Property("mobilephone"), Property("company"), Property("website"), Property("jobtitle"), Property("country"),
        Property("city"), Property("zip"), Property("state"), Property("industry"), Property("hs_language"),
        Property("numberofemployees", "number", "number"), Property("hubspot_owner_id", "enumeration", "select"),
        Property("hs_additional_emails"), Property("hs_email_optout", "bool", "booleancheckbox"),
    ),
    "companies": (
        Property("domain"), Property("name"), Property("country"), Property("city"), Property("zip"), Property("state"),
        Property("industry"), Property("website"), Property("numberofemployees", "number", "number"),
        Property("hubspot_owner_id", "enumeration", "select"),
    ),
    "deals": (
        Property("dealname", is_required=True), choice("pipeline", "default"), Property("dealstage", "enumeration", "select", STAGES, is_required=True),
        Property("amount", "number", "number"), instant("closedate"), Property("description", field_type="textarea"),
        Property("hubspot_owner_id", "enumeration", "select"), Property("closed_lost_reason"),
    ),
    "leads": (
        Property("hs_lead_name", is_required=True), choice("hs_lead_type", "NEW_BUSINESS", "RE_ATTEMPTING"),
        Property("hubspot_owner_id", "enumeration", "select"), choice("hs_pipeline_stage", *STAGES), choice("hs_pipeline", "default"),
    ),
    "calls": (
        instant("hs_timestamp", is_required=True), choice("hs_call_direction", "INBOUND", "OUTBOUND"), choice("hs_call_status", "COMPLETED", "NO_ANSWER"),
        Property("hs_call_disposition"), Property("hs_call_duration", "number", "number"), Property("hubspot_owner_id", "enumeration", "select"),
    ),
    "meetings": (
        instant("hs_timestamp", is_required=True), choice("hs_meeting_outcome", "SCHEDULED", "COMPLETED", "NO_SHOW", "CANCELED"),
        Property("hubspot_owner_id", "enumeration", "select"),
    ),
    "emails": (
        instant("hs_timestamp", is_required=True), choice("hs_email_direction", "EMAIL", "INCOMING_EMAIL"), choice("hs_email_status", "SENT", "BOUNCED"),
        Property("hs_sequence_id"), Property("hubspot_owner_id", "enumeration", "select"),
    ),
    "notes": (
        instant("hs_timestamp", is_required=True), Property("hs_note_body", field_type="textarea"),
        Property("hubspot_owner_id", "enumeration", "select"),
    ),
    "tasks": (
        instant("hs_timestamp", is_required=True), Property("hs_task_subject"), Property("hs_task_body", field_type="textarea"),
        choice("hs_task_status", "NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"),
        choice("hs_task_priority", "NONE", "LOW", "MEDIUM", "HIGH"), choice("hs_task_type", "TODO", "CALL", "EMAIL"),
        Property("hubspot_owner_id", "enumeration", "select"),
    ),
}  # fmt: skip
ASSOCIATIONS = {
    ("contacts", "deals"): 4, ("deals", "contacts"): 3, ("companies", "deals"): 342, ("deals", "companies"): 341,
    ("contacts", "companies"): 279, ("companies", "contacts"): 280, ("notes", "contacts"): 202, ("notes", "companies"): 190,
    ("notes", "deals"): 214, ("tasks", "contacts"): 204, ("tasks", "companies"): 192, ("tasks", "deals"): 216,
    ("leads", "contacts"): 578, ("leads", "companies"): 9001, ("notes", "leads"): 9002, ("tasks", "leads"): 9003,
    ("calls", "deals"): 206, ("meetings", "deals"): 212, ("emails", "deals"): 210,
    ("calls", "contacts"): 194, ("meetings", "contacts"): 200, ("emails", "contacts"): 198,
}  # fmt: skip
"""Type ids of what HubSpot defines, as its guide to associations lists them; those from 9001 on are ours: an account is asked for them."""


@dataclass
class Record:
    noun: str
    id: str
    properties: dict[str, str]
    created_at: datetime
    updated_at: datetime
    made_by: str = "us"
    is_archived: bool = False
    merged_into: str | None = None
    near: set[tuple[str, str]] = field(default_factory=set)
    history: dict[str, list[dict[str, Json]]] = field(default_factory=lambda: defaultdict(list))
    index: list[tuple[datetime, dict[str, str], bool]] = field(default_factory=list)
    """From when a search sees these values, and whether the record is archived then."""


@dataclass
class Records:
    """`lag`: how long at most until a search sees a change; each change has a lag of its own."""

    lag: timedelta = timedelta(0)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    owners: set[str] = field(default_factory=set)
    """Those that a record may be given to."""
    objects: dict[str, dict[str, Record]] = field(default_factory=lambda: {noun: {} for noun in NOUNS})
    properties: dict[str, dict[str, Property]] = field(
        default_factory=lambda: {noun: {p.name: p for p in known} for noun, known in STANDARD.items()}
    )
    _last_id: int = 40_000_000

    def at(self, noun: str, ident: str, by: str | None = None, *, is_archived: bool = False) -> Record:
        """By its id, or by a unique property. Who was merged is answered as who is left. Raises Refusal (404)."""
        found = self.objects[noun].get(ident) if by is None else self.having(noun, by, ident)
        while found is not None and found.merged_into is not None:
            found = self.objects[noun].get(found.merged_into)
        if found is None or found.is_archived is not is_archived:
            raise Refusal(not_there(ident))
        return found

    def having(self, noun: str, name: str, value: str) -> Record | None:
        """Whose unique property has the value; of a contact, one of its addresses. Raises Refusal where the property is not unique."""
        known = self.properties[noun].get(name)
        if known is None or not known.is_unique:
            raise Refusal(invalid_properties([(name, "NOT_UNIQUE", f"{name} is not a unique property of {noun}")]))
        for record in self.objects[noun].values():
            if not record.is_archived and record.merged_into is None and value.strip().lower() in _values(record, name):
                return record
        return None

    def create(
        self, noun: str, values: Mapping[str, str], near: Iterable[tuple[str, str]] = (), by: str = "us"
    ) -> Record:
        """Raises Refusal."""
        missing = [p.name for p in self.properties[noun].values() if p.is_required and not values.get(p.name)]
        self._check(noun, values, missing)
        self._check_unique(noun, values, None)
        beside = set(near)
        if noun == "leads" and not any(other == "contacts" for other, _ in beside):
            raise Refusal(invalid_properties([("hs_lead_name", "MISSING_CONTACT", "a lead is of a contact")]))
        for other, ident in beside:
            self.at(other, ident)
        self._last_id += 17
        now = self.now()
        record = Record(noun, str(self._last_id), {}, now, now, made_by=by)
        self.objects[noun][record.id] = record
        self._set(record, values, by)
        for other, ident in beside:
            self.associate(record, self.at(other, ident))
        return record

    def update(self, record: Record, values: Mapping[str, str], by: str = "us") -> None:
        """Raises Refusal."""
        self._check(record.noun, values, [])
        self._check_unique(record.noun, values, record)
        self._set(record, values, by)

    def archive(self, record: Record) -> None:
        record.is_archived = True
        self._touch(record)

    def merge(self, noun: str, kept: str, gone: str) -> Record:
        """Raises Refusal."""
        winner, loser = self.at(noun, kept), self.at(noun, gone)
        loser.merged_into = winner.id
        for name, value in loser.properties.items():
            winner.properties.setdefault(name, value)
        if noun == "contacts":
            theirs = [loser.properties.get("email", ""), loser.properties.get("hs_additional_emails", "")]
            addresses = [winner.properties.get("hs_additional_emails", ""), *theirs]
            winner.properties["hs_additional_emails"] = ";".join(filter(None, addresses))
        for other, ident in loser.near:
            self.associate(winner, self.objects[other][ident])
        self._touch(winner)
        return winner

    def associate(self, one: Record, other: Record) -> None:
        one.near.add((other.noun, other.id))
        other.near.add((one.noun, one.id))

    def beside(self, record: Record, noun: str) -> list[Record]:
        """What is associated with it, by id; who was merged as who is left."""
        found = {self._left_of(noun, ident).id for other, ident in record.near if other == noun}
        here = [self.objects[noun][ident] for ident in sorted(found, key=int)]
        return [other for other in here if not other.is_archived]

    def indexed(self, noun: str) -> list[tuple[Record, dict[str, str]]]:
        """What a search can see now: each record with the values that it had when it was indexed last."""
        now, found = self.now(), []
        for record in self.objects[noun].values():
            seen = [(values, gone) for at, values, gone in record.index if at <= now]
            if seen and not seen[-1][1] and record.merged_into is None:
                found.append((record, seen[-1][0]))
        return found

    def _left_of(self, noun: str, ident: str) -> Record:
        record = self.objects[noun][ident]
        return record if record.merged_into is None else self._left_of(noun, record.merged_into)

    def _set(self, record: Record, values: Mapping[str, str], by: str) -> None:
        at = self.now()
        for name, value in values.items():
            if record.properties.get(name, "") != value:
                record.properties[name] = value
                source: dict[str, Json] = {"value": value, "timestamp": text_of(at), "sourceId": by}
                kind: dict[str, Json] = {"sourceType": "INTEGRATION"} if by == "us" else {"sourceType": "CRM_UI"}
                record.history[name].insert(0, {**source, **kind})
        self._touch(record)

    def _touch(self, record: Record) -> None:
        record.updated_at = self.now()
        lot = hashlib.blake2b(f"{record.id} {len(record.index)}".encode(), digest_size=4).digest()
        late = self.lag * (int.from_bytes(lot) / 2**32)
        instants = {"hs_lastmodifieddate": text_of(record.updated_at), "createdate": text_of(record.created_at)}
        record.index.append((record.updated_at + late, {**record.properties, **instants}, record.is_archived))

    def _check(self, noun: str, values: Mapping[str, str], missing: list[str]) -> None:
        problems = [(name, "REQUIRED_PROPERTY", f"{name} is required") for name in missing]
        for name, value in values.items():
            known = self.properties[noun].get(name)
            if known is None:
                problems.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif value and (what := self._problem(known, value)) is not None:
                problems.append((name, *what))
        if problems:
            raise Refusal(invalid_properties(problems))

    def _problem(self, known: Property, value: str) -> tuple[str, str] | None:
        if len(value) > known.most:
            return "PROPERTY_VALUE_TOO_LONG", f"{known.name} is longer than {known.most} characters"
        if known.name == "hubspot_owner_id":
            return None if value in self.owners else ("INVALID_OWNER_ID", f"{known.name} {value} is no active owner")
        if known.name == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            return "INVALID_EMAIL", "Email address is invalid"
        match known.type:
            case "enumeration" if value not in known.options:
                return "INVALID_OPTION", f"{value} was not one of the allowed options"
            case "number" if not re.fullmatch(r"-?\d+(\.\d+)?", value):
                return "INVALID_NUMBER", f"{known.name} is no number"
            case "datetime" if not re.fullmatch(r"\d{12,14}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
                return "INVALID_DATE", f"{known.name} is no instant in UTC"
            case "bool" if value not in ("true", "false"):
                return "INVALID_BOOLEAN", f"{known.name} is neither true nor false"
        return None

    def _check_unique(self, noun: str, values: Mapping[str, str], own: Record | None) -> None:
        for name, value in values.items():
            if not value or not self.properties[noun][name].is_unique:
                continue
            other = self.having(noun, name, value)
            if other is not None and other is not own:
                raise Refusal(taken_address(other.id) if name == "email" else taken_value(name, other.id))


def _values(record: Record, name: str) -> set[str]:
    """Those of a unique property, without regard to case; a merged contact has the addresses of both."""
    texts = [record.properties.get(name, "")]
    if name == "email":
        texts += record.properties.get("hs_additional_emails", "").split(";")
    return {text.strip().lower() for text in texts if text.strip()}


def text_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
