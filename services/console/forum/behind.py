"""What is behind a figure: whose events and signals say so, by lead, each with its ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from routing.forum.figures import Figure
from routing.forum.tally import Query
from routing.model.ids import promise_named
from routing.model.records import LeadPersonal
from schemas.signals import Person
from services.console.forum.query import Spot
from services.console.language.reader import Reader
from services.console.language.vocabulary import lead_name, plain, stage_name
from services.forum.spelling import spell_figure
from services.forum.view import words_of_figure
from services.ports.rows import LeadRow

MOST_LEADS = 200
"""Leads that a page lists; `stafett report ids` has no bound."""
IDS_SHOWN = 20
"""Ids of one lead."""


class BehindRow(NamedTuple):
    """One lead, or a promise by number, which has no page (`href` is "")."""

    href: str
    name: str
    about: str
    ids: Sequence[str]
    more: int


class BehindView(NamedTuple):
    """`title` says which figure it is, `value` is as in the report, `total` how many ids there are in all; `is_all`:
    every lead is listed."""

    title: str
    value: str
    total: int
    rows: list[BehindRow]
    is_all: bool


def queries_of(figure: Figure) -> list[Query]:
    """What it is computed from."""
    return [Query(one.measure, one.span, one.labels) for one in figure.queries]


def behind_view(
    spot: Spot, found: Mapping[str, Sequence[str]], leads: Mapping[str, LeadRow], reader: Reader
) -> BehindView:
    """`leads` are those of `found` that the reader sees."""
    behind = spot.figure.behind
    return BehindView(
        title=words_of_figure(spot.section, spot.table, (spot.row.labels, spot.column), reader.language),
        value=spell_figure(spot.figure, reader.language),
        total=behind.count if behind is not None else 0,
        rows=[_row(subject, ids, leads.get(subject), reader) for subject, ids in found.items()],
        is_all=len(found) < MOST_LEADS,
    )


def _row(subject: str, ids: Sequence[str], lead: LeadRow | None, reader: Reader) -> BehindRow:
    shown, more = ids[:IDS_SHOWN], max(0, len(ids) - IDS_SHOWN)
    if lead is None:
        promise = promise_named(subject)
        text = reader.say("Promise “%(name)s”", name=plain(promise)) if promise is not None else subject
        return BehindRow(href="", name=text, about="", ids=shown, more=more)
    person = LeadPersonal.read(lead.personal).person if lead.personal else Person()
    name = lead_name(person) or reader.say("A lead without a name")
    about = stage_name(lead.stage, reader)
    return BehindRow(href=f"/leads/{lead.id}", name=name, about=about, ids=shown, more=more)
