"""How far a look at a vendor's lists of changes got: which list is read now, and the place in each. Pure.

A look reads one list after the other, one page at a time, and its place is kept after each page; one that was killed goes on there. The
next look begins where this one got to, or at `since` where that is earlier: what changed late, or shows late, is read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from services.sinks.outcomes import Trouble


class Place(NamedTuple):
    """Where a list goes on: what changed at `at` or later. `token`: the vendor's own place within that, none at its begin. `newest`:
    the latest change that was seen there, from which the next look goes on."""

    at: datetime
    token: str = ""
    newest: datetime | None = None


class Look(NamedTuple):
    """A look under way at the list `current`; None between looks."""

    places: Mapping[str, Place]
    current: str | None

    @property
    def place(self) -> Place:
        """That of the current list. KeyError between looks."""
        return self.places[str(self.current)]

    def move(self, place: Place, *, is_over: bool) -> Look:
        """After a page of the current list; `is_over`: it was its last one, so the next list comes."""
        names = list(self.places)
        if is_over:
            place = Place(max(filter(None, (place.at, place.newest))))
            following = names[names.index(str(self.current)) + 1 :]
            return Look({**self.places, str(self.current): place}, following[0] if following else None)
        return self._replace(places={**self.places, str(self.current): place})

    def __str__(self) -> str:
        places = {name: [_text(place.at), place.token, _text(place.newest)] for name, place in self.places.items()}
        return json.dumps({"places": places, "current": self.current}, separators=(",", ":"))


def read_look(cursor: str | None, lists: Sequence[str], since: datetime) -> Look:
    """The look that goes on at `cursor`, or a new one. Raises Trouble for a text that is none of ours."""
    if cursor is None:
        return Look({name: Place(since) for name in lists}, lists[0])
    try:
        kept = json.loads(cursor)
        places = {str(name): _place(*parts) for name, parts in kept["places"].items()}
        current = kept["current"]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Trouble("refused_setup", "cursor_of_another_vendor") from None
    if current in lists and current in places:
        return Look({name: places.get(name, Place(since)) for name in lists}, current)
    earliest = {name: min(places[name].at, since) if name in places else since for name in lists}
    return Look({name: Place(at) for name, at in earliest.items()}, lists[0])


def _place(at: str, token: str, newest: str | None) -> Place:
    return Place(_instant(at), str(token), None if newest is None else _instant(newest))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
