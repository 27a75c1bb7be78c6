"""What Salesforce keeps: records with typed fields, deleted ones in the bin, queries in a narrow SOQL that see what was committed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.parts.vendors.faults import Answer, Json

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Task": "00T",
    "OpportunityHistory": "008",
}
STAGES = ("Offered", "Accepted", "Returned", "Closed Won", "Closed Lost")


class Refusal(Exception):
    """A request that Salesforce does not carry out, with its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def error(status: int, code: str, message: str, *fields: str) -> Answer:
    """Errors come in a list, though it seldom has two."""
    return Answer(status, [{"message": message, "errorCode": code, "fields": list(fields)}])


def refuse(code: str, message: str, *fields: str, status: int = 400) -> Refusal:
    return Refusal(error(status, code, message, *fields))


@dataclass(frozen=True)
class Field:
    name: str
    type: str = "string"
    most: int = 255
    options: tuple[str, ...] = ()
    of: str = ""
    """Of a reference: the object."""
    is_required: bool = False
    is_external_id: bool = False
    is_unique: bool = False
    is_writable: bool = True


def ref(name: str, of: str, *, is_required: bool = False) -> Field:
    return Field(name, "reference", of=of, is_required=is_required)


ALWAYS = (
    Field("Id", "id", is_writable=False),
    Field("CreatedDate", "datetime", is_writable=False),
    Field("IsDeleted", "boolean", is_writable=False),
    *(Field(name, "datetime", is_writable=False) for name in ("LastModifiedDate", "SystemModstamp")),
    *(Field(name, "reference", of="User", is_writable=False) for name in ("CreatedById", "LastModifiedById")),
)
STANDARD: dict[str, tuple[Field, ...]] = {
    "Account": (Field("Name", is_required=True), Field("Website", "url"), Field("MasterRecordId", is_writable=False), Field("Industry")),
    "Contact": (
        Field("LastName", most=80, is_required=True), Field("FirstName", most=40), Field("Email", "email", 80), Field("Phone", "phone", 40), ref("OwnerId", "User"),
        ref("AccountId", "Account"), Field("MasterRecordId", is_writable=False), Field("LeadSource", "picklist", options=("Web", "Partner")), Field("Title"),
    ),
    "Opportunity": (
        Field("Name", most=120, is_required=True), Field("StageName", "picklist", options=STAGES, is_required=True), Field("CloseDate", "date", is_required=True),
        Field("Amount", "currency"), ref("OwnerId", "User"), ref("AccountId", "Account"), Field("Description", "textarea", 32000), Field("IsClosed", "boolean", is_writable=False),
        Field("IsWon", "boolean", is_writable=False),
    ),
    "OpportunityHistory": (ref("OpportunityId", "Opportunity"), Field("StageName")),
    "OpportunityContactRole": (ref("OpportunityId", "Opportunity", is_required=True), ref("ContactId", "Contact", is_required=True), Field("IsPrimary", "boolean"), Field("Role", "picklist")),
    "Task": (
        Field("Subject"), Field("Status", "picklist", options=("Not Started", "In Progress", "Completed", "Deferred")), Field("Priority", "picklist", options=("High", "Normal", "Low")),
        Field("ActivityDate", "date"), ref("OwnerId", "User"), ref("WhatId", "Opportunity"), ref("WhoId", "Contact"), Field("Description", "textarea", 32000),
        Field("IsClosed", "boolean", is_writable=False), Field("Type", "picklist", options=("Call", "Email")), Field("TaskSubtype", is_writable=False),
        Field("CallType"), Field("CallDisposition"), Field("CompletedDateTime", "datetime", is_writable=False),
    ),
    "User": (Field("Email"), Field("IsActive", "boolean"), Field("Name")),
}  # fmt: skip


@dataclass
class Records:
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    me: str = "005000000000001AAA"
    has_duplicate_rule: bool = True
    behind: timedelta = timedelta(0)
    """How long what has changed is not covered yet, since a transaction may still run."""
    objects: dict[str, dict[str, dict[str, Json]]] = field(default_factory=lambda: {noun: {} for noun in PREFIXES})
    fields: dict[str, dict[str, Field]] = field(
        default_factory=lambda: {noun: {f.name: f for f in (*ALWAYS, *known)} for noun, known in STANDARD.items()}
    )
    _last: int = 100

    def add_user(self, ident: str, *, is_active: bool = True) -> None:
        self.objects["User"][ident] = {"Id": ident, "IsActive": is_active, "IsDeleted": False}

    def at(self, noun: str, ident: str) -> dict[str, Json]:
        """Raises Refusal (404)."""
        found = self.objects[noun].get(ident)
        if found is None:
            raise refuse("NOT_FOUND", "The requested resource does not exist", status=404)
        if found["IsDeleted"]:
            raise refuse("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return found

    def having(self, noun: str, name: str, value: str) -> list[dict[str, Json]]:
        """Those that are not deleted. Raises Refusal where the field is no external id."""
        known = self.fields[noun].get(name)
        if known is None or not known.is_external_id:
            raise refuse(
                "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}", status=404
            )
        return [row for row in self.objects[noun].values() if row.get(name) == value and not row["IsDeleted"]]

    def create(self, noun: str, values: Mapping[str, Json], *, may_double: bool = False, by: str | None = None) -> str:
        """Its id. Raises Refusal."""
        missing = [f.name for f in self.fields[noun].values() if f.is_required and values.get(f.name) in (None, "")]
        if missing:
            raise refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", *missing)
        self._check(noun, values, None)
        if noun == "Contact" and self.has_duplicate_rule and not may_double:
            self._check_duplicates(values)
        self._last += 1
        ident = f"{PREFIXES[noun]}{self._last:012}AAA"
        owner = {} if noun in ("OpportunityContactRole", "Account") else {"OwnerId": self.me}
        always = {"Id": ident, "IsDeleted": False, "CreatedDate": text_of(self.now()), "CreatedById": by or self.me}
        self.objects[noun][ident] = {**owner, **values, **always}
        self._touch(noun, self.objects[noun][ident], {}, by)
        return ident

    def changed(self, noun: str, begin: datetime, end: datetime, *, deleted: bool) -> list[dict[str, Json]]:
        """What was made, changed or deleted from `begin` on, before `end`, and is covered."""
        end = min(end, self.covered())
        rows = [row for row in self.objects[noun].values() if row["IsDeleted"] is deleted]
        return [row for row in rows if begin <= datetime.fromisoformat(str(row["SystemModstamp"])) < end]

    def covered(self) -> datetime:
        return self.now() - self.behind

    def _touch(self, noun: str, row: dict[str, Json], before: Mapping[str, Json], by: str | None) -> None:
        at, who = text_of(self.now()), by or self.me
        row |= {"LastModifiedDate": at, "SystemModstamp": at, "LastModifiedById": who}
        if noun == "Opportunity" and before.get("StageName") != row.get("StageName"):
            self._last += 1
            ident = f"{PREFIXES['OpportunityHistory']}{self._last:012}AAA"
            entry = {"Id": ident, "OpportunityId": row["Id"], "StageName": row["StageName"], "CreatedDate": at}
            self.objects["OpportunityHistory"][ident] = {**entry, "CreatedById": who, "IsDeleted": False}
        if noun == "Task" and row.get("Status") == "Completed" and before.get("Status") != "Completed":
            row["CompletedDateTime"] = at

    def update(self, noun: str, row: dict[str, Json], values: Mapping[str, Json], by: str | None = None) -> None:
        """Raises Refusal."""
        blank = [
            f.name
            for f in self.fields[noun].values()
            if f.is_required and f.name in values and values[f.name] in (None, "")
        ]
        if blank:
            raise refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: {blank}", *blank)
        self._check(noun, values, row)
        before = dict(row)
        row.update(values)
        self._touch(noun, row, before, by)

    def delete(self, noun: str, ident: str, by: str | None = None) -> None:
        row = self.at(noun, ident)
        row["IsDeleted"] = True
        self._touch(noun, row, row, by)

    def merge(self, noun: str, kept: str, gone: str) -> None:
        """As a person does it on the page: the other one is deleted and says who is left; what was about it is moved."""
        loser = self.at(noun, gone)
        loser |= {"IsDeleted": True, "MasterRecordId": kept}
        for other in self.objects.values():
            for row in other.values():
                row.update(
                    {
                        name: kept
                        for name, value in row.items()
                        if value == gone and name in ("ContactId", "WhoId", "AccountId")
                    }
                )

    def shown(self, noun: str, row: Mapping[str, Json], name: str) -> Json:
        if name == "IsClosed":
            state = str(row.get("StageName") or row.get("Status") or "")
            return state.startswith("Closed") or state == "Completed"
        if name == "IsWon":
            return row.get("StageName") == "Closed Won"
        return row.get(name)

    def query(self, text: str, *, with_deleted: bool = False) -> list[dict[str, Json]]:
        """Raises Refusal (MALFORMED_QUERY, INVALID_FIELD)."""
        match = _QUERY.fullmatch(text.strip())
        if match is None or match["noun"] not in self.fields:
            raise refuse("MALFORMED_QUERY", f"unexpected token in {text[:60]}")
        noun, names = match["noun"], [name.strip() for name in match["names"].split(",")]
        conditions = [self._condition(part) for part in _AND.split(match["where"])]
        orders = [part.split() for part in (match["order"] or "").split(",") if part.strip()]
        for name in (*names, *(c[0] for c in conditions), *(order[0] for order in orders)):
            if name not in self.fields[noun]:
                raise refuse("INVALID_FIELD", f"No such column '{name}' on entity '{noun}'")
        if any(c[0] == "Description" for c in conditions):
            raise refuse("INVALID_FIELD", "field 'Description' can not be filtered in a query call")
        rows = [row for row in self.objects[noun].values() if with_deleted or not row["IsDeleted"]]
        rows = [row for row in rows if all(test(self.shown(noun, row, name)) for name, test in conditions)]
        for order in reversed(orders):
            rows.sort(key=lambda row: str(self.shown(noun, row, order[0]) or ""), reverse=order[-1] == "DESC")
        return [
            {"attributes": {"type": noun}, **{n: self.shown(noun, row, n) for n in names}}
            for row in rows[: int(match["limit"])]
        ]

    def _condition(self, text: str) -> tuple[str, Callable[[Json], bool]]:
        match = _CONDITION.fullmatch(text.strip())
        if match is None:
            raise refuse("MALFORMED_QUERY", f"unexpected token in {text[:60]}")
        if match["literal"]:
            wanted = match["literal"] == "true"
            return match["name"], lambda value: value is wanted
        if match["at"]:
            at, is_from = match["at"], match["compares"] == ">="
            # An instant of theirs has parts of a second, and its zone otherwise.
            return match["name"], lambda value: str(value)[:19] >= at[:19] if is_from else str(value)[:19] <= at[:19]
        texts = [_plain(part).lower() for part in _TEXT.findall(match["texts"])]
        if match["operator"] == "LIKE":
            pattern = re.compile(_like(_TEXT.findall(match["texts"])[0]), re.IGNORECASE | re.DOTALL)
            return match["name"], lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None
        return match["name"], lambda value: str(value).lower() in texts

    def _check(self, noun: str, values: Mapping[str, Json], own: dict[str, Json] | None) -> None:
        for name, value in values.items():
            known = self.fields[noun].get(name)
            if known is None:
                raise refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {noun}")
            if not known.is_writable:
                raise refuse("INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {name}", name)
            if value is not None:
                self._check_value(known, value)
            if known.is_unique and value is not None:
                for other in self.having(noun, name, str(value)):
                    if other is not own:
                        raise refuse(
                            "DUPLICATE_VALUE",
                            f"duplicate value found: {name} duplicates value on record with id: {other['Id']}",
                        )

    def _check_value(self, known: Field, value: Json) -> None:
        if known.type == "reference":
            self._check_reference(known, str(value))
        elif known.type == "boolean":
            if not isinstance(value, bool):
                raise refuse("JSON_PARSER_ERROR", f"Cannot deserialize instance of boolean from {value!r}")
        elif known.type == "currency":
            if not isinstance(value, int | float):
                raise refuse("JSON_PARSER_ERROR", f"Cannot deserialize instance of currency from {value!r}")
        elif not isinstance(value, str):
            raise refuse("JSON_PARSER_ERROR", f"Cannot deserialize instance of {known.type} from {value!r}")
        elif len(value) > known.most:
            raise refuse("STRING_TOO_LONG", f"{known.name}: data value too large (max length={known.most})", known.name)
        else:
            self._check_text(known, value)

    def _check_text(self, known: Field, value: str) -> None:
        if known.type == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise refuse("JSON_PARSER_ERROR", f"Cannot deserialize instance of date from {value!r}")
        if known.options and value not in known.options:
            raise refuse(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{known.name}: bad value for restricted picklist field: {value}",
                known.name,
            )
        if known.type == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            raise refuse("INVALID_EMAIL_ADDRESS", f"{known.name}: invalid email address: {value}", known.name)

    def _check_reference(self, known: Field, ident: str) -> None:
        row = self.objects[known.of].get(ident)
        if row is None:
            raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", known.name)
        if row["IsDeleted"]:
            raise refuse("ENTITY_IS_DELETED", "entity is deleted", known.name)
        if known.of == "User" and not row["IsActive"]:
            raise refuse("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", known.name)

    def _check_duplicates(self, values: Mapping[str, Json]) -> None:
        """The rule that orgs begin with: the same address, or the same name and number."""
        for row in self.objects["Contact"].values():
            same = [
                str(values.get(n) or "").lower() == str(row.get(n) or "").lower() and bool(values.get(n))
                for n in ("Email", "LastName", "Phone")
            ]
            if not row["IsDeleted"] and (same[0] or (same[1] and same[2])):
                raise Refusal(duplicate("Contact", str(row["Id"])))


def text_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def duplicate(noun: str, *idents: str) -> Answer:
    matches: list[Json] = [
        {
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": noun, "url": f"/sobjects/{noun}/{ident}"}, "Id": ident},
            "fieldDiffs": [],
            "additionalInformation": [],
        }
        for ident in idents
    ]
    found = {
        "entityType": noun,
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": matches,
        "rule": "Standard_Rule",
        "size": len(idents),
        "success": True,
    }
    result = {
        "allowSave": True,
        "duplicateRule": "Standard_Rule",
        "duplicateRuleEntityType": noun,
        "errorMessage": "Use one of these records?",
        "matchResults": [found],
    }
    return Answer(
        400, [{"duplicateResult": result, "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}]
    )


_QUERY = re.compile(
    r"SELECT (?P<names>[A-Za-z0-9_, ]+) FROM (?P<noun>\w+) WHERE (?P<where>.+?)(?: ORDER BY (?P<order>[A-Za-z_, ]+?))? LIMIT (?P<limit>\d+)",
    re.DOTALL,
)
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_AND = re.compile(r" AND (?=(?:[^'\\]|\\.|'(?:[^'\\]|\\.)*')*$)", re.DOTALL)
"""Outside of texts."""
_CONDITION = re.compile(
    r"(?P<name>\w+) (?:(?P<operator>=|LIKE|IN) (?P<texts>\(?'(?:[^'\\]|\\.)*'(?:, ?'(?:[^'\\]|\\.)*')*\)?)|= (?P<literal>true|false)|(?P<compares>>=|<=) (?P<at>\d{4}-\d\d-\d\dT[\d:]+Z))",
    re.DOTALL,
)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _like(text: str) -> str:
    pattern, i = "", 0
    while i < len(text):
        if text[i] == "\\":
            pattern += re.escape(text[i + 1])
            i += 1
        else:
            pattern += {"%": ".*", "_": "."}.get(text[i], re.escape(text[i]))
        i += 1
    return pattern
