"""What sales did in a Tryton: opportunities of ours that were written since, and notes that people wrote on them.

An instant there is that of the transaction's begin, with microseconds and no zone (UTC); one that began earlier may be committed later.
So each look begins some minutes before the end of the last, and within a look places are instant and id: a change of many at once has
one instant. People are told by their employee, as the roster knows them; of a user without one nobody is told, of ours neither.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from schemas.json_values import JsonObject, JsonValue
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Page, Sighting, Work
from services.sinks.vendors.tryton_calls import TrytonCalls
from services.sinks.vendors.tryton_values import instant_to_write

PAGE = 100
ACCEPTED, CONVERTED = "opportunity", "converted"
_OUTCOMES: Mapping[str, Literal["won", "lost"]] = {"won": "won", "lost": "lost"}
_FIELDS = ("state", "employee", "lost_reason", "write_date", "write_uid", "create_date", "create_uid")
_NOTE_FIELDS = ("resource", "create_date", "create_uid")
_OURS: list[JsonValue] = ["reference", "like", "ho\\_%"]
_MORE = "more"


class Place(NamedTuple):
    """After which row a look goes on."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}/{self.id}"


class Cursor(NamedTuple):
    """Where a look got to, and whether it goes on from there."""

    opportunities: Place
    notes: Place
    goes_on: bool = False

    def __str__(self) -> str:
        return ";".join([str(self.opportunities), str(self.notes), *([_MORE] if self.goes_on else [])])

    @staticmethod
    def read(text: str | None, since: datetime) -> Cursor:
        """Raises Trouble for a text that is none of ours."""
        earliest = Place(since.astimezone(UTC), 0)
        if text is None:
            return Cursor(earliest, earliest)
        opportunities, _, rest = text.partition(";")
        notes, _, more = rest.partition(";")
        found = Cursor(_place(opportunities), _place(notes), more == _MORE)
        # A new look sees again what is so young that something older may have come in since.
        return found if found.goes_on else Cursor(min(found.opportunities, earliest), min(found.notes, earliest))


async def read_changes(tryton: TrytonCalls, cursor: str | None, since: datetime) -> Page:
    """A page of what was written since. One that nobody wrote since it was made has nothing to say. Raises Trouble."""
    at = Cursor.read(cursor, since)
    rows = await _after(tryton, "sale.opportunity", [_OURS], at.opportunities, instant="write_date", names=_FIELDS)
    notes, are_all = await _notes_after(tryton, at.notes)
    people = await _employees(tryton, [*rows, *notes])
    is_last = len(rows) < PAGE and are_all
    following = Cursor(
        _last(rows, "write_date", at.opportunities), _last(notes, "create_date", at.notes), goes_on=not is_last
    )
    return Page(
        [_sighting(row, people) for row in rows], [_work(row, people) for row in notes], str(following), is_last
    )


async def look_at(tryton: TrytonCalls, vendor_ids: Sequence[str]) -> list[Sighting]:
    """These opportunities as they stand. Raises Trouble."""
    ids: list[JsonValue] = [int(ident) for ident in vendor_ids]
    rows = await tryton.rows("sale.opportunity", [["id", "in", ids]], _FIELDS)
    people = await _employees(tryton, rows)
    return [_sighting(row, people) for row in rows]


async def _after(
    tryton: TrytonCalls,
    model: str,
    domain: list[JsonValue],
    place: Place,
    *,
    instant: str,
    names: Collection[str],
) -> list[JsonObject]:
    """A page of rows behind the place, the oldest first."""
    at = instant_to_write(place.at)
    behind: list[JsonValue] = ["OR", [instant, ">", at], [[instant, "=", at], ["id", ">", place.id]]]
    return await tryton.rows(model, [*domain, behind], names, order=(instant, "id"), most=PAGE)


async def _notes_after(tryton: TrytonCalls, place: Place) -> tuple[list[JsonObject], bool]:
    """Notes of our open opportunities behind the place, and whether these are all: Tryton finds no note whose opportunity is not named."""
    found: list[JsonObject] = []
    ends: list[Place] = []
    last = 0
    while True:
        open_ones: list[JsonValue] = [_OURS, ["state", "in", ["lead", ACCEPTED]], ["id", ">", last]]
        ids = [row["id"] for row in await tryton.rows("sale.opportunity", open_ones, (), most=PAGE)]
        if ids:
            last = ids[-1]
            on_these: list[JsonValue] = [["resource", "in", [f"sale.opportunity,{ident}" for ident in ids]]]
            rows = await _after(tryton, "ir.note", on_these, place, instant="create_date", names=_NOTE_FIELDS)
            found += rows
            ends += [_last(rows, "create_date", place)] if len(rows) == PAGE else []
        if len(ids) < PAGE:
            break
    ordered = sorted(found, key=lambda row: _last([row], "create_date", place))
    # Where there are more of one part, what is younger than its page waits for the next one.
    kept = [row for row in ordered if not ends or _last([row], "create_date", place) <= min(ends)]
    return kept, not ends


async def _employees(tryton: TrytonCalls, rows: Sequence[JsonObject]) -> Mapping[int, str]:
    """The employee of each user who wrote one of these; ours is not among them."""
    users = {row[name] for row in rows for name in ("write_uid", "create_uid") if row.get(name) is not None}
    users.discard(int(await tryton.user_id()))
    if not users:
        return {}
    found = await tryton.rows("res.user", [["id", "in", sorted(users)]], ["employees"], archived=True)
    return {row["id"]: str(row["employees"][0]) for row in found if row["employees"]}


def _sighting(row: JsonObject, people: Mapping[int, str]) -> Sighting:
    written = "write" if row["write_date"] is not None else "create"
    state = str(row["state"])
    return Sighting(
        vendor_id=str(row["id"]),
        # Whoever made a sale of it has accepted it.
        stage=ACCEPTED if state == CONVERTED else state,
        owner=str(row["employee"]) if row["employee"] is not None else None,
        outcome=_OUTCOMES.get(state),
        changed_at=_instant(row[f"{written}_date"]),
        changed_by=people.get(row[f"{written}_uid"]),
        reason=" ".join(str(row["lost_reason"] or "").split())[:200] or None,
    )


def _work(row: JsonObject, people: Mapping[int, str]) -> Work:
    at = _instant(row["create_date"])
    return Work(
        f"note/{row['id']}",
        opportunity=str(row["resource"]).partition(",")[2],
        kind="note",
        author=people.get(row["create_uid"]),
        happened_at=at,
        recorded_at=at,
    )


def _last(rows: Sequence[JsonObject], name: str, before: Place) -> Place:
    return Place(_instant(rows[-1][name]), rows[-1]["id"]) if rows else before


def _place(text: str) -> Place:
    at, _, ident = text.partition("/")
    try:
        return Place(datetime.fromisoformat(at).astimezone(UTC), int(ident))
    except ValueError:
        raise Trouble("refused_setup", "cursor_of_another_vendor") from None


def _instant(value: JsonValue) -> datetime:
    """As `JSONEncoder` of trytond/protocols/jsonrpc.py writes it."""
    day = (value["year"], value["month"], value["day"])
    return datetime(*day, value["hour"], value["minute"], value["second"], value["microsecond"], tzinfo=UTC)
