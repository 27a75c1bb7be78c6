"""What an account of Upsales holds: companies, contacts, orders and activities, what each has to have, and lists that come late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

from tests.parts.vendors.faults import Answer, Json

Row = dict[str, Json]


class Refusal(Exception):
    """The request is not carried out."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.body))
        self.answer = answer


def error(status: int, key: str, msg: str, *, told_with: int | None = None, **headers: str) -> Answer:
    """`told_with`: the status where it is another than the body's."""
    body: Row = {"error": {"key": key, "code": status, "errorCode": 7, "msg": msg}, "metadata": None}
    return Answer(told_with or status, body, {name.replace("_", "-"): value for name, value in headers.items()})


class Shape(NamedTuple):
    """`texts` with how long they may be, `numbers`, `refs` to one record and `lists` of them with where those are. `needed` on creation."""

    needed: frozenset[str]
    texts: Mapping[str, int]
    numbers: frozenset[str]
    refs: Mapping[str, str]
    lists: Mapping[str, str]


SHAPES: Mapping[str, Shape] = {
    "accounts": Shape(
        frozenset({"name"}),
        {"name": 100, "webpage": 100, "phone": 30, "notes": 100_000, "orgNo": 32},
        frozenset({"noEmployees", "turnover"}),
        {},
        {"users": "users"},
    ),
    "contacts": Shape(
        frozenset({"client"}),
        {"firstName": 50, "lastName": 50, "email": 128, "phone": 30, "cellPhone": 30, "title": 128},
        frozenset(),
        {"client": "accounts"},
        {},
    ),
    "orders": Shape(
        frozenset({"description", "date", "user", "client", "stage", "orderRow"}),
        {"description": 255, "date": 10, "notes": 100_000, "currency": 3},
        frozenset({"probability"}),
        {"user": "users", "client": "accounts", "contact": "contacts", "stage": "orderstages"},
        {},
    ),
    "activities": Shape(
        frozenset({"description", "users", "activityType"}),
        {"description": 100, "date": 10, "closeDate": 10, "notes": 100_000},
        frozenset({"priority"}),
        {"client": "accounts", "opportunity": "orders", "activityType": "activitytypes"},
        {"users": "users", "contacts": "contacts"},
    ),
}
CUSTOM = {"accounts": "account", "contacts": "contact", "orders": "order", "activities": "activity"}


@dataclass
class Records:
    """`lag`: how late a list has what was made. `custom`: fields of their own by what they are of and their number."""

    lag: timedelta = timedelta(0)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    kept: dict[str, dict[int, Row]] = field(default_factory=lambda: {name: {} for name in (*SHAPES, *OTHERS)})
    custom: dict[str, dict[int, Row]] = field(default_factory=lambda: {name: {} for name in CUSTOM.values()})
    made_at: dict[tuple[str, int], datetime] = field(default_factory=dict)
    _ids: count[int] = field(default_factory=lambda: count(100))

    def add(self, noun: str, values: Row, ident: int | None = None) -> int:
        """A record that has been there for long, whatever it lacks."""
        number = ident if ident is not None else next(self._ids)
        self.kept[noun][number] = {"id": number, "active": 1, "custom": [], **values}
        self.made_at[noun, number] = datetime.min.replace(tzinfo=UTC)
        return number

    def create(self, noun: str, body: Row) -> Row:
        """Raises Refusal."""
        values = self.read_body(noun, body)
        for name in sorted(SHAPES[noun].needed - values.keys()):
            raise Refusal(error(400, "MissingParameter", f"{name} is required"))
        blank: Row = {"closeDate": None, "contact": None, "notes": None, "opportunity": None}
        number = self.add(noun, {**blank, **values})
        self.made_at[noun, number] = self.now()
        return self.kept[noun][number]

    def change(self, noun: str, number: int, body: Row) -> Row:
        """Sets what is in the body; of the fields of their own it is the whole list. Raises Refusal."""
        row = self.at(noun, number)
        row |= self.read_body(noun, body)
        return row

    def at(self, noun: str, number: int) -> Row:
        row = self.kept[noun].get(number)
        if row is None:
            raise Refusal(error(404, "NotFound", "Not found"))
        return row

    def read_body(self, noun: str, body: Row) -> Row:
        shape = SHAPES[noun]
        values = {name: self._read_value(noun, shape, name, value) for name, value in body.items()}
        if noun == "orders" and "stage" in values:
            stage = self.kept["orderstages"][self._ref(values["stage"])]
            if values.setdefault("probability", stage["probability"]) != stage["probability"]:
                raise Refusal(error(400, "InvalidParameter", "probability is not that of the stage"))
        return values

    def _read_value(self, noun: str, shape: Shape, name: str, value: Json) -> Json:
        if name == "custom":
            return self._read_custom(noun, value)
        if name in shape.texts and (value is None or isinstance(value, str)):
            if value is not None and len(value) > shape.texts[name]:
                raise Refusal(error(400, "InvalidParameter", f"{name} is too long"))
            return value.strip() if value is not None else None
        if name in shape.numbers and isinstance(value, int):
            return value
        if name in shape.refs:
            return self._read_ref(shape.refs[name], name, value)
        if name in shape.lists and isinstance(value, list):
            return [self._read_ref(shape.lists[name], name, one) for one in value]
        if name == "orderRow" and noun == "orders" and isinstance(value, list) and value:
            for row in value:
                self._read_ref("products", name, row.get("product") if isinstance(row, dict) else None)
            return value
        raise Refusal(error(400, "InvalidParameter", f"{name} is not valid"))

    def _read_ref(self, noun: str, name: str, value: Json) -> Json:
        number = self._ref(value)
        row = self.kept[noun].get(number)
        if row is None or not row["active"]:
            raise Refusal(error(400, "InvalidParameter", f"{name} is not valid"))
        return {"id": number, "name": row.get("name")}

    def _ref(self, value: Json) -> int:
        number = value.get("id") if isinstance(value, dict) else None
        return number if isinstance(number, int) else 0

    def _read_custom(self, noun: str, value: Json) -> Json:
        found: list[Json] = []
        for one in value if isinstance(value, list) else [None]:
            number = one.get("fieldId") if isinstance(one, dict) else None
            if not isinstance(one, dict) or number not in self.custom[CUSTOM[noun]]:
                raise Refusal(error(400, "InvalidParameter", "custom is not valid"))
            found.append({"fieldId": number, "value": one.get("value")})
        return found

    def listed(self, noun: str) -> list[Row]:
        """What a list has by now, in the order of ids."""
        seen = self.now() - self.lag
        return [row for number, row in sorted(self.kept[noun].items()) if self.made_at[noun, number] <= seen]


OTHERS = ("users", "orderstages", "products", "activitytypes")
