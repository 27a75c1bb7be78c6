"""What EspoCRM keeps, and its rules: fields that it does not have are dropped, those that it has are validated, twins are told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from tests.parts.vendors.faults import Answer, Json

Values = dict[str, Json]
BAD_IN_NAMES = re.compile(r"[<>=]")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
LIST_TEXT = 10_000
"""Characters of a text that a list shows."""


class Field(NamedTuple):
    """`most`: characters of it."""

    type: str = "varchar"
    required: bool = False
    options: tuple[str, ...] = ()
    default: Json = None
    most: int = 255
    read_only: bool = False

    def described(self) -> dict[str, Json]:
        found: dict[str, Json] = {"type": self.type, "required": self.required}
        found |= {"options": list(self.options)} if self.options else {}
        return found | ({"readOnly": True} if self.read_only else {})


NAME = Field(required=True, most=249)
STAGES = ("Offered", "Accepted", "Returned", "Negotiation", "Closed Won", "Closed Lost")
_PERSON_NAME = Field(most=100)
ENTITIES: dict[str, dict[str, Field]] = {
    "Contact": {
        "firstName": _PERSON_NAME, "lastName": _PERSON_NAME._replace(required=True), "emailAddress": Field("email"),
        "phoneNumber": Field("phone", most=36), "account": Field("link"), "assignedUser": Field("link"), "description": Field("text"),
        "title": Field(most=100),
    },
    "Account": {
        "name": NAME, "website": Field("url"), "emailAddress": Field("email"), "industry": Field("enum", options=("", "Banking", "Energy")),
        "assignedUser": Field("link"), "description": Field("text"),
    },
    "Opportunity": {
        "name": NAME, "amount": Field("currency", required=True), "closeDate": Field("date", required=True),
        "stage": Field("enum", options=STAGES, default="Offered"), "assignedUser": Field("link"), "account": Field("link"),
        "contacts": Field("linkMultiple"), "description": Field("text"), "probability": Field("int", read_only=False),
        "modifiedAt": Field("datetime", read_only=True),
    },
    "Task": {
        "name": NAME, "status": Field("enum", options=("Not Started", "Started", "Completed", "Canceled", "Deferred"), default="Not Started"),
        "priority": Field("enum", options=("Low", "Normal", "High", "Urgent"), default="Normal"), "dateEnd": Field("datetimeOptional"),
        "description": Field("text", most=65_535), "parent": Field("linkParent"), "assignedUser": Field("link"),
    },
    "Note": {"type": Field(), "post": Field("text", most=65_535), "parent": Field("linkParent")},
    "User": {"userName": Field(), "isActive": Field("bool")},
}  # fmt: skip
TWINS = {"Contact": ("emailAddress", "firstName lastName"), "Account": ("emailAddress", "name")}
"""What makes two records look the same: any of these."""
LINKS = {"account": "Account", "assignedUser": "User"}


class Refusal(Exception):
    """A request that EspoCRM does not carry out, with its answer."""

    def __init__(self, status: int, reason: str, body: Json = None) -> None:
        super().__init__(status, reason)
        self.answer = Answer(status, body, {"x-status-reason": reason})


def message(label: str, **data: Json) -> Json:
    return {"messageTranslation": {"label": label, "scope": None, "data": dict(data)}}


def not_valid(name: str, rule: str) -> Refusal:
    return Refusal(400, "validationFailure", message("validationFailure", field=name, type=rule))


@dataclass
class Records:
    """One EspoCRM's database. `dropped`: attributes that somebody sent and no entity has."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    entities: dict[str, dict[str, Field]] = field(default_factory=lambda: {n: dict(d) for n, d in ENTITIES.items()})
    rows: dict[str, dict[str, Values]] = field(default_factory=lambda: {name: {} for name in ENTITIES})
    dropped: list[str] = field(default_factory=list)
    _made: int = 0

    def at(self, entity: str, ident: str) -> Values:
        """Raises Refusal (404)."""
        row = self.rows[entity].get(ident)
        if row is None or row["deleted"]:
            raise Refusal(404, f"Record {ident} not found.")
        return row

    def attributes(self, entity: str) -> set[str]:
        """What a request may name; a link has the id of the other record."""
        names = {"id", "createdAt", "modifiedAt"}
        for name, defined in self.entities[entity].items():
            match defined.type:
                case "link":
                    names.add(f"{name}Id")
                case "linkMultiple":
                    names.add(f"{name}Ids")
                case "linkParent":
                    names |= {f"{name}Id", f"{name}Type"}
                case _:
                    names.add(name)
        return names

    def create(self, entity: str, sent: Mapping[str, Json], *, skips_check: bool) -> Values:
        """Raises Refusal."""
        values = {name: defined.default for name, defined in self.entities[entity].items() if defined.default}
        values |= self._kept(entity, sent)
        self._validate(entity, values, is_new=True)
        self._check_links(values)
        if not skips_check and (twins := self._twins(entity, values)):
            raise Refusal(409, "duplicate", [self.shown(entity, row) for row in twins])
        self._made += 1
        ident = hashlib.blake2b(f"{entity} {self._made}".encode(), digest_size=9).hexdigest()[:17]
        row = {"id": ident, "deleted": False, "createdAt": self._instant(), "made": self._made, **values}
        self.rows[entity][ident] = row
        return row

    def update(self, entity: str, ident: str, sent: Mapping[str, Json]) -> Values:
        """Raises Refusal."""
        row = self.at(entity, ident)
        values = self._kept(entity, sent)
        self._validate(entity, values, is_new=False)
        self._check_links(values)
        row |= values
        return row

    def search(self, entity: str, where: list[dict[str, Json]]) -> list[Values]:
        """Raises Refusal for an attribute that there is not."""
        known = self.attributes(entity)
        for one in where:
            if one.get("attribute") not in known:
                raise Refusal(400, f"Not existing attribute '{one.get('attribute')}' in where.")
        rows = [row for row in self.rows[entity].values() if not row["deleted"] and all(_fits(row, w) for w in where)]
        return sorted(rows, key=lambda row: row["made"])

    def shown(self, entity: str, row: Values, names: list[str] | None = None) -> Values:
        """As it is answered: every attribute of the entity, or those that were asked for, in a list with long texts cut."""
        asked = self.attributes(entity) & {"id", *names} if names is not None else self.attributes(entity)
        found = {name: row.get(name) for name in sorted(asked)}
        if names is None:
            return found
        return {n: v[:LIST_TEXT] if isinstance(v, str) else v for n, v in found.items()}

    def _kept(self, entity: str, sent: Mapping[str, Json]) -> Values:
        known = self.attributes(entity)
        self.dropped += [f"{entity}.{name}" for name in sent if name not in known]
        return {name: value for name, value in sent.items() if name in known and name not in ("id", "createdAt")}

    def _validate(self, entity: str, values: Values, *, is_new: bool) -> None:
        for name, defined in self.entities[entity].items():
            value = values.get(name)
            if defined.required and value in (None, "") and (is_new or name in values):
                raise not_valid(name, "required")
            if value not in (None, "") and (rule := _broken_rule(name, defined, value)) is not None:
                raise not_valid(name, rule)

    def _check_links(self, values: Values) -> None:
        others = [(LINKS[n], values[f"{n}Id"]) for n in LINKS if values.get(f"{n}Id") is not None]
        others += [("Contact", ident) for ident in values.get("contactsIds") or ()]
        others += [(str(values["parentType"]), values["parentId"])] if values.get("parentId") else []
        for entity, ident in others:
            row = self.rows[entity].get(str(ident))
            if row is None or row["deleted"]:
                raise Refusal(403, "Can't relate.", message("cannotRelateNonExisting", foreignEntityType=entity))
            if entity == "User" and not row["isActive"]:
                raise Refusal(403, "Assignment failure: assigned user or team not allowed.")

    def _twins(self, entity: str, values: Values) -> list[Values]:
        found = []
        for row in self.rows[entity].values():
            for rule in TWINS.get(entity, ()):
                mine = [str(values.get(name) or "").lower() for name in rule.split()]
                if any(mine) and not row["deleted"] and mine == [str(row.get(n) or "").lower() for n in rule.split()]:
                    found.append(row)
                    break
        return found

    def _instant(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _broken_rule(name: str, defined: Field, value: Json) -> str | None:
    text = str(value)
    match defined.type:
        case "enum":
            return None if value in defined.options else "valid"
        case "currency":
            return None if isinstance(value, int | float) and value >= 0 else "valid"
        case "date":
            return None if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else "valid"
        case "datetimeOptional":
            return None if DATE_TIME.fullmatch(text) else "valid"
        case "email":
            return None if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) else "emailAddress"
        case "phone":
            return None if re.fullmatch(r"[0-9A-Za-z_@:#+()\-. ]+", text) and len(text) <= defined.most else "valid"
        case "varchar" if name in ("name", "firstName", "lastName") and BAD_IN_NAMES.search(text):
            return "pattern"
        case "varchar" | "text":
            return None if len(text) <= max(defined.most, 255) else "maxLength"
    return None


def _fits(row: Values, where: Mapping[str, Json]) -> bool:
    value = str(row.get(str(where["attribute"])) or "").lower()
    match where["type"]:
        case "equals":
            return value == str(where["value"]).lower()
        case "in":
            return value in [str(one).lower() for one in where["value"]]
        case "after":
            return value > str(where["value"]).lower()
        case "before":
            return value < str(where["value"]).lower()
        case kind:
            raise AssertionError(f"the stand-in knows no filter of the type {kind}")
