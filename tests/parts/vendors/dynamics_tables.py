"""Five tables of Dataverse with the columns that a hand-over touches: what each takes, and what it holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from tests.parts.vendors.dynamics_answers import NO_CHOICE, TOO_LONG, Refusal, error, not_there, payload
from tests.parts.vendors.faults import Json

ColumnType = Literal[
    "String", "Memo", "Picklist", "Integer", "Boolean", "DateTime", "State", "Status", "Lookup", "Owner"
]


class Column(NamedTuple):
    """`most` characters; `choices` by their number with the state that goes with them; `to`: the sets that it may be bound to, by the
    property that binds it."""

    type: ColumnType
    most: int = 0
    choices: Mapping[int, int] = {}
    to: Mapping[str, str] = {}
    is_writable: bool = True


STATE = Column("State", choices={0: 0, 1: 1, 2: 2})
COLUMNS: Mapping[str, Mapping[str, Column]] = {
    "contact": {
        "contactid": Column("Lookup", is_writable=False),
        "emailaddress1": Column("String", 100),
        "firstname": Column("String", 50),
        "lastname": Column("String", 50),
        "telephone1": Column("String", 50),
        "mobilephone": Column("String", 50),
        "jobtitle": Column("String", 100),
        "merged": Column("Boolean", is_writable=False),
        "masterid": Column("Lookup", is_writable=False),
        "parentcustomerid": Column("Lookup", to={"parentcustomerid_account": "accounts"}),
        "ownerid": Column("Owner", to={"ownerid": "systemusers"}),
        "statecode": STATE,
        "createdon": Column("DateTime", is_writable=False),
    },
    "account": {
        "accountid": Column("Lookup", is_writable=False),
        "name": Column("String", 160),
        "websiteurl": Column("String", 200),
        "numberofemployees": Column("Integer"),
        "merged": Column("Boolean", is_writable=False),
        "masterid": Column("Lookup", is_writable=False),
        "statecode": STATE,
        "createdon": Column("DateTime", is_writable=False),
    },
    "opportunity": {
        "opportunityid": Column("Lookup", is_writable=False),
        "name": Column("String", 300),
        "description": Column("Memo", 2000),
        "opportunityratingcode": Column("Picklist", choices={1: 0, 2: 0, 3: 0}),
        "new_answerby": Column("DateTime"),
        "new_stafettid": Column("String", 100),
        "parentcontactid": Column("Lookup", to={"parentcontactid": "contacts"}),
        "parentaccountid": Column("Lookup", to={"parentaccountid": "accounts"}),
        "ownerid": Column("Owner", to={"ownerid": "systemusers"}),
        "statecode": STATE,
        "statuscode": Column(
            "Status", choices={1: 0, 2: 0, 100_000_001: 0, 100_000_002: 0, 100_000_003: 0, 3: 1, 4: 2, 5: 2}
        ),
        "createdon": Column("DateTime", is_writable=False),
    },
    "annotation": {
        "annotationid": Column("Lookup", is_writable=False),
        "subject": Column("String", 500),
        "notetext": Column("Memo", 100_000),
        "objectid": Column("Lookup", to={"objectid_opportunity": "opportunities"}),
        "createdon": Column("DateTime", is_writable=False),
    },
    "task": {
        "activityid": Column("Lookup", is_writable=False),
        "subject": Column("String", 200),
        "description": Column("Memo", 2000),
        "scheduledend": Column("DateTime"),
        "prioritycode": Column("Picklist", choices={0: 0, 1: 0, 2: 0}),
        "regardingobjectid": Column("Lookup", to={"regardingobjectid_opportunity_task": "opportunities"}),
        "ownerid": Column("Owner", to={"ownerid": "systemusers"}),
        "statecode": STATE,
        "statuscode": Column("Status", choices={2: 0, 3: 0, 4: 0, 7: 0, 5: 1, 6: 2}),
        "createdon": Column("DateTime", is_writable=False),
    },
}
SETS = {
    "contacts": "contact",
    "accounts": "account",
    "opportunities": "opportunity",
    "annotations": "annotation",
    "tasks": "task",
}
PRIMARY = {
    "contact": "contactid",
    "account": "accountid",
    "opportunity": "opportunityid",
    "annotation": "annotationid",
    "task": "activityid",
}
_TYPES: Mapping[str, tuple[str, type]] = {
    "String": ("Edm.String", str),
    "Memo": ("Edm.String", str),
    "DateTime": ("Edm.DateTimeOffset", str),
    "Picklist": ("Edm.Int32", int),
    "Integer": ("Edm.Int32", int),
    "State": ("Edm.Int32", int),
    "Status": ("Edm.Int32", int),
    "Boolean": ("Edm.Boolean", bool),
}
_BIND = re.compile(r"/(\w+)\(([0-9a-f-]{36})\)")
Row = dict[str, Json]


@dataclass
class Tables:
    """Rows by table and id. `users`: ids with whether they are enabled. `keys`: columns of opportunities that hold one alternate key each."""

    users: dict[str, bool] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {table: {} for table in COLUMNS})
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def insert(self, table: str, ident: str, values: Mapping[str, Json]) -> Row:
        """A new row. Raises Refusal."""
        row: Row = dict.fromkeys(COLUMNS[table])
        if "statecode" in COLUMNS[table]:
            row["statecode"] = 0
        if table in ("opportunity", "task"):
            row["statuscode"] = 1 if table == "opportunity" else 2
        row |= {PRIMARY[table]: ident, "createdon": f"{self.now():%Y-%m-%dT%H:%M:%SZ}"}
        if "merged" in row:
            row["merged"] = False
        if "ownerid" in row:
            row["ownerid"] = "00000000-0000-4000-8000-000000000001"
        written = {**row, **self.read_body(table, values)}
        self._check_keys(table, written, None)
        self.rows[table][ident] = written
        return written

    def change(self, table: str, row: Row, values: Mapping[str, Json]) -> None:
        """Raises Refusal."""
        written = self.read_body(table, values)
        self._check_state(table, row, written)
        self._check_keys(table, {**row, **written}, row)
        row |= written

    def read_body(self, table: str, values: Mapping[str, Json]) -> Row:
        """A body as columns. Raises Refusal for what the table does not take."""
        return dict(self._read_value(table, name, value) for name, value in values.items())

    def _read_value(self, table: str, name: str, value: Json) -> tuple[str, Json]:
        bound, _, what = name.partition("@")
        if what == "odata.bind":
            return self._read_bound(table, bound, value)
        column = COLUMNS[table].get(name)
        if column is None or column.type in ("Lookup", "Owner"):
            why = f"The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{table}'. Make sure to only use property names"
            raise Refusal(payload(f"{table}s", why))
        edm, python = _TYPES[column.type]
        if value is not None and type(value) is not python:
            raise Refusal(payload(f"{table}s", f"Cannot convert the literal '{value}' to the expected type '{edm}'."))
        if column.type == "DateTime" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", str(value)):
            raise Refusal(payload(f"{table}s", f"Cannot convert the literal '{value}' to the expected type '{edm}'."))
        if isinstance(value, str) and column.most and len(value) > column.most:
            raise Refusal(error(400, "0x80044331", TOO_LONG.format(name, table, column.most)))
        if column.choices and value not in column.choices:
            accepted = ",".join(map(str, column.choices))
            raise Refusal(error(400, "0x8004431a", NO_CHOICE.format(value, name, table, accepted)))
        return name, value

    def _read_bound(self, table: str, bound: str, value: Json) -> tuple[str, Json]:
        column = next(((name, c) for name, c in COLUMNS[table].items() if bound in c.to), None)
        match = _BIND.fullmatch(str(value))
        if column is None or match is None or match[1] != column[1].to[bound]:
            why = f"An undeclared property '{bound}' which only has property annotations in the payload but no property value was found"
            raise Refusal(payload(f"{table}s", why))
        ident = match[2]
        if match[1] == "systemusers":
            if ident not in self.users:
                raise Refusal(not_there("systemuser", ident))
            if not self.users[ident]:
                text = f"The specified user(Id = {ident}) is disabled. Consider enabling this user."
                raise Refusal(error(403, "0x80040225", text))
        elif ident not in self.rows[SETS[match[1]]]:
            raise Refusal(not_there(SETS[match[1]], ident))
        return column[0], ident

    def _check_state(self, table: str, row: Row, written: Row) -> None:
        if "statuscode" in written and "statecode" in COLUMNS[table]:
            state = written.get("statecode", row["statecode"])
            choices = COLUMNS[table]["statuscode"].choices
            if choices[int(str(written["statuscode"]))] != state:
                text = f"{written['statuscode']} is not a valid status code for state code {state}"
                raise Refusal(error(400, "0x80048408", text))
        if table == "opportunity" and written.get("statecode", 0) != 0:
            raise Refusal(error(400, "0x80040203", "This message can not be used to set the state of opportunity"))
        if table in ("opportunity", "task") and row["statecode"] != 0 and written.get("statecode") != 0:
            raise Refusal(error(400, "0x80040203", "You can't edit this record because it is closed."))

    def _check_keys(self, table: str, written: Row, own: Row | None) -> None:
        for name in self.keys if table == "opportunity" else ():
            if any(
                row is not own and row.get(name) == written.get(name) is not None for row in self.rows[table].values()
            ):
                raise Refusal(
                    error(412, "0x80060892", f"A record that has the attribute values {name} already exists.")
                )

    def by_key(self, table: str, key: str) -> Row | None:
        """The row that the part in brackets means. Raises Refusal where it is no key."""
        name, is_named, text = key.partition("=")
        if not is_named:
            return self.rows[table].get(str(UUID(key)))
        if table != "opportunity" or name not in self.keys or not re.fullmatch(r"'.*'", text):
            names = "Ensure that the names and number of key properties match the declared or alternate key properties"
            raise Refusal(error(400, "0x80060888", f"The key in the request URI is not valid for resource. {names}"))
        value = text[1:-1].replace("''", "'")
        return next((row for row in self.rows[table].values() if row.get(name) == value), None)


def shown(table: str, row: Row, select: str) -> Row:
    """The columns that were asked for. Raises Refusal for one that is not there."""
    names = {
        name if column.type not in ("Lookup", "Owner") or name == PRIMARY[table] else f"_{name}_value": name
        for name, column in COLUMNS[table].items()
    }
    found: Row = {"@odata.etag": 'W/"1"'}
    for name in select.split(","):
        if name not in names:
            text = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
            raise Refusal(error(400, "0x80060888", text))
        found[name] = row[names[name]]
    return found


def chosen(table: str, rows: list[Row], query: str) -> list[Row]:
    """Those that a filter of equalities joined by `or` fits, without regard to case, or that were made in a span. Raises Refusal for
    another."""
    if span := re.fullmatch(r"createdon ge (\S+) and createdon le (\S+)", query):
        return [row for row in rows if span[1][:19] <= str(row["createdon"])[:19] <= span[2][:19]]
    wanted: list[tuple[str, str]] = []
    for part in re.split(r" or (?=\w+ eq )", query):
        match = re.fullmatch(r"(\w+) eq '((?:[^']|'')*)'", part)
        if match is None or match[1] not in COLUMNS[table]:
            raise Refusal(error(400, "0x80060888", "A binary operator or a property of $filter is not valid"))
        wanted.append((match[1], match[2].replace("''", "'").casefold()))
    return [row for row in rows if any(str(row[name] or "").casefold() == text for name, text in wanted)]
