"""One thing that the agreement says: a promise, a rule, a criterion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Item(NamedTuple):
    """`key` names it within its section, so that two versions can be compared; `lines` are sentences."""

    key: str
    title: str
    lines: Sequence[str]
