"""Records as a sink thinks of them, before a vendor's file turns them into fields of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.json_values import JsonValue
from schemas.sinks import RecordKind, ValueName

Fields = Mapping[str, JsonValue]
"""Values by the vendor's own names, in the shape in which the vendor takes them."""
Parents = Mapping[RecordKind, str]
"""The vendor's ids of the records that another one hangs on."""


ERASED = "[erased]"
"""In place of a name that a record there may not be without."""


class Key(NamedTuple):
    """What we know a record by. `text` is our key and no personal data: the lead's id for a contact, the domain for a company,
    the hand-over's id for an opportunity, that and `/dossier` for a note, the offer's id for a task.

    `email`, `phone` and `known_id` (the vendor's id, where a webhook told it) find a contact that others made.
    """

    kind: RecordKind
    text: str
    email: str | None = None
    phone: str | None = None
    known_id: str | None = None

    @property
    def marker(self) -> str:
        """The last line of a note or task of ours: how it is recognised, and what a person can search for."""
        return f"Stafett {self.text}"


class Wanted(NamedTuple):
    """What a record should hold. `values` by our names, `extra` by the vendor's own. `owned` are names of `values` and `extra`
    that we may overwrite; where it is None, all are ours (our own notes, tasks and opportunities)."""

    key: Key
    values: Mapping[ValueName, JsonValue]
    extra: Fields = {}
    owned: frozenset[str] | None = None


class Match(NamedTuple):
    """A record as it is at the vendor. `fields` are those that were asked for, in the shape of `Vendor.render`.

    `vendor_id` is another than was asked for where two records were merged there. `stage` is the vendor's id of the stage
    of an opportunity; `is_closed` is True for a deal that was won, lost or archived, and for a task that was done.
    """

    vendor_id: str
    fields: Fields
    stage: str | None = None
    is_closed: bool = False
    url: str | None = None
