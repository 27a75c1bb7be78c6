"""Which of those that wait a page asks for, as it stands in its address: so that a view can be kept, sent and come back to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from services.console.language.reader import Reader
from services.ports.console import Due, Wanted
from services.ports.instants import micros
from services.ports.reading import Place
from services.ports.rows import ClockRow

NOBODY = "-"
"""Stands for an owner who is nobody."""
LONGEST = 320
_DUE: Mapping[str, Due] = {"overdue": "overdue", "today": "today"}


class BoardQuery(NamedTuple):
    """Each "" where it is not asked for. `after` is the place of the last row of the page before; `wall` is a screen on a wall."""

    owner: str = ""
    queue: str = ""
    stage: str = ""
    promise: str = ""
    due: str = ""
    after: str = ""
    wall: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether anything but a further page is asked for."""
        return any((self.owner, self.queue, self.stage, self.promise, self.due))

    def for_store(self, reader: Reader) -> Wanted:
        """The same for the store; an unknown word for what is due is none."""
        due = _DUE.get(self.due)
        return Wanted(
            owner="" if self.owner == NOBODY else self.owner or None,
            queue=self.queue or None,
            stage=self.stage or None,
            policy=self.promise or None,
            since=reader.now if due == "today" else None,
            before=reader.now if due == "overdue" else reader.tonight() if due == "today" else None,
        )

    def place(self) -> Place[str] | None:
        """Where the page begins; one that we did not write is the beginning."""
        at, dot, ident = self.after.partition(".")
        return Place(int(at), ident) if dot and at.isascii() and at.isdecimal() and len(at) < 19 else None

    def url(self, path: str = "/", **changes: str) -> str:
        """The address of the same view with these changes."""
        members = {name: value for name, value in self._replace(**changes)._asdict().items() if value}
        return f"{path}?{urlencode(members)}" if members else path


def read_query(params: Mapping[str, str]) -> BoardQuery:
    """What cannot be compared with anything is not asked for."""
    return BoardQuery(**{name: _clean(params.get(name, "")) for name in BoardQuery._fields})


def place_after(clock: ClockRow) -> str:
    """`after` of the page that follows this clock's row."""
    return f"{micros(clock.act_by or clock.due_at)}.{clock.id}"


def _clean(value: str) -> str:
    return value if len(value) <= LONGEST and value.isprintable() else ""
