"""The report as data: sections of tables of figures. Its JSON is the same bytes for the same figures.

Whole numbers are counts, hundredths of money and seconds; a share is two whole numbers and their quotient, rounded half to even. There
is no floating point in it.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

Unit = Literal["count", "share", "ratio", "seconds", "money", "per_week"]
Why = Literal[
    "no_amounts",
    "no_budget",
    "no_costs",
    "no_customer_value",
    "no_definition",
    "no_target",
    "not_begun",
    "nothing_to_compare",
    "other_currency",
    "over",
    "segment_asks_more",
]
"""Why a figure cannot be computed; never a nought instead."""
SectionName = Literal[
    "leads_in",
    "journey",
    "hand_overs",
    "promises",
    "meetings",
    "opportunities",
    "pipeline",
    "customers",
    "economy",
    "goals",
    "stuck",
    "definitions",
    "learning",
    "corrections",
]
PLACES = 4
"""Decimals of a share or a ratio."""


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Written in the order of its members, all of them."""


class Asked(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """The query that a figure is the answer to: `stafett report ids MEASURE SPAN LABEL...` lists every id behind it."""

    measure: str
    span: str
    labels: tuple[str, ...] = ()


class Behind(_Part, frozen=True, kw_only=True):
    """Ids of the events and signals behind a figure: how many, the first 20 in their order, and the sum of the SHA-256 (first 128
    bits) of all of them modulo 2^128, in hexadecimal, which does not depend on the order."""

    count: int
    first: tuple[str, ...]
    checksum: str


class Figure(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """`value` is a whole number, or a decimal as text; null where `why` says why there is none. What is null or empty beside it is left out. `parts` are the two numbers whose quotient
    it is."""

    value: int | str | None
    unit: Unit
    currency: str | None = None
    parts: tuple[str, str] | None = None
    why: Why | None = None
    queries: tuple[Asked, ...] = ()
    behind: Behind | None = None


class Row(_Part, frozen=True, kw_only=True):
    """`labels` say what the row is about, in the order of the table's `by`; `figures` in the order of its `columns`."""

    labels: tuple[str, ...]
    figures: tuple[Figure, ...]


Chart = Literal["bars", "lines"]


class FigureTable(_Part, frozen=True, kw_only=True):
    """`by` names what the labels are, `columns` what the figures are. `total` counts the rows that there are where only the largest
    are shown; `chart` says how its figures are drawn, if they are."""

    name: str
    by: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: int
    chart: Chart | None = None


class Section(_Part, frozen=True, kw_only=True):
    name: SectionName
    tables: tuple[FigureTable, ...]


class Entry(_Part, frozen=True, kw_only=True):
    """What the forum entered, with its id: an action point, a lesson. `state` of an action point is also `overdue`."""

    id: str
    fields: dict[str, str]
    state: str
    recorded_at: str


class Report(_Part, frozen=True, kw_only=True):
    """One week's report. Instants are RFC 3339 in UTC; `begin` to `end` is half-open."""

    version: Literal[1] = 1
    organisation: str
    title: str
    week: str
    begin: str
    end: str
    zone: str
    known_on: str
    agreement: str
    sections: tuple[Section, ...]
    actions: tuple[Entry, ...]
    lessons: tuple[Entry, ...]


def to_json(report: Report) -> bytes:
    """The report, with a line for each table and each row."""
    text = msgspec.json.encode(report)
    # Within a text a quote has a backslash before it, so these are beginnings of objects and nothing else.
    for begin in (b'{"name":', b'{"labels":', b'{"id":'):
        text = text.replace(begin, b"\n" + begin)
    return text + b"\n"


def decimal_text(value: Fraction, places: int = PLACES) -> str:
    """So many decimals, half to even."""
    return str(Decimal(round(value * 10**places)).scaleb(-places))


def exact_text(value: Fraction) -> str:
    """A part of a quotient: whole, or with the decimals of money."""
    return str(value.numerator) if value.denominator == 1 else decimal_text(value)
