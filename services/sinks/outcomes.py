"""What an answer of a vendor means: two ways to succeed, eight kinds of trouble, and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal, NamedTuple

TroubleKind = Literal["throttled", "spent", "locked", "transient", "unknown", "refused_data", "refused_setup", "gone"]
"""`throttled`: too many calls at a time, so the whole sink waits. `spent`: the day's budget is gone, the whole sink waits for
its reset. `locked`: the record is busy, a short wait of this lead. `transient`: it did not happen, and may later. `unknown`:
it was sent and not answered. `refused_data`: a value or rule of this record, which waits for somebody with the later
events of its lead. `refused_setup`: a key, right, field or stage that is wrong for all, so the whole sink pauses. `gone`: the
record is no longer there."""
SPARED: frozenset[TroubleKind] = frozenset(("throttled", "spent", "locked", "refused_setup"))
"""Trouble that an event had no part in: it counts as no try of it."""


class Trouble(Exception):
    """A call that did not succeed, as the vendor's file classified it.

    `code` is the vendor's own word or ours, `field` the field or rule that it names, `wait` the pause that it asks for,
    `correlation` the vendor's id of the request. None of them may hold a value of a record: they are logged and shown.
    `tries` is how often the step that it ended was tried, without those that do not count, which whoever carries the step out notes;
    0 where there was none.
    """

    tries = 0

    def __init__(
        self,
        kind: TroubleKind,
        code: str,
        *,
        field: str | None = None,
        wait: timedelta | None = None,
        correlation: str | None = None,
    ) -> None:
        self.kind, self.code, self.field = kind, _word(code) or "not_named", _word(field)
        super().__init__(f"{kind}: {self.code}" + (f" ({self.field})" if self.field else ""))
        self.wait, self.correlation = wait, correlation[:200] if correlation else None


_WORD = re.compile(r"[\w .,:/\[\]'-]{1,200}", re.ASCII)


def _word(text: str | None) -> str | None:
    """A code or the name of a field, cut; None for what can be none, since vendors put all sorts of things there."""
    short = (text or "")[:200]
    return short if _WORD.fullmatch(short) else None


class Made(NamedTuple):
    """A create that succeeded. `adopted`: the vendor named a record that was there already, which is ours from now on."""

    vendor_id: str
    url: str | None = None
    adopted: bool = False
