"""The weekly forum's report, and what is entered for it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.forum import ForumEntry
from schemas.http.common import AT, example
from schemas.json_values import JsonObject


class FigureQuery(BaseModel):
    """What a figure is the answer to."""

    model_config = ConfigDict(frozen=True)
    measure: str
    span: str = Field(description="A week, a month, `13w`, `budget` or `goal:NAME`.")
    labels: list[str] = []


class FigureTrail(BaseModel):
    """Ids of the events and signals behind a figure."""

    model_config = ConfigDict(frozen=True)
    count: int
    first: list[str] = Field(description="The first 20 in their order; `stafett report ids` lists all.")
    checksum: str = Field(
        description="The sum of the first 128 bits of the SHA-256 of each id, modulo 2^128: it does not depend on the order."
    )


class FigureView(BaseModel):
    """One number, or why there is none."""

    model_config = ConfigDict(frozen=True)
    value: int | str | None = Field(description="A whole number, or a decimal as text; null where `why` says why.")
    unit: Literal["count", "share", "ratio", "seconds", "money", "per_week"]
    currency: str | None = None
    parts: list[str] | None = Field(default=None, description="The two numbers whose quotient it is.")
    why: str | None = None
    queries: list[FigureQuery] = []
    behind: FigureTrail | None = None


class FigureRow(BaseModel):
    """The figures of one row, in the order of the table's columns."""

    model_config = ConfigDict(frozen=True)
    labels: list[str]
    figures: list[FigureView]


class FigureTableView(BaseModel):
    """A table of figures."""

    model_config = ConfigDict(frozen=True)
    name: str
    by: list[str]
    columns: list[str]
    rows: list[FigureRow]
    total: int = Field(description="Rows that there are; the 50 largest are shown.")
    chart: Literal["bars", "lines"] | None


class FigureSection(BaseModel):
    """Tables that belong together."""

    model_config = ConfigDict(frozen=True)
    name: str
    tables: list[FigureTableView]


class ForumEntryShown(BaseModel):
    """An action point or a lesson as the report shows it."""

    model_config = ConfigDict(frozen=True)
    id: str
    fields: dict[str, str]
    state: str
    recorded_at: AwareDatetime


FIGURE_EXAMPLE: JsonObject = {
    "value": 3,
    "unit": "count",
    "queries": [{"measure": "leads_in", "span": "2026-W48", "labels": []}],
    "behind": {"count": 3, "first": ["evt_xt6sjjogui2rimlcq7ns2x5dul"], "checksum": "0" * 32},
}


class FiguresView(BaseModel):
    """The report of one week, as known on an instant: the same bytes each time, once that instant has passed."""

    model_config = example(
        {
            "version": 1,
            "organisation": "nordlys",
            "title": "Nordlys smarketing agreement 2026",
            "week": "2026-W48",
            "begin": AT,
            "end": AT,
            "zone": "Europe/Stockholm",
            "known_on": AT,
            "agreement": "0d5b7e",
            "sections": [
                {
                    "name": "leads_in",
                    "tables": [
                        {
                            "name": "by_week",
                            "by": ["week"],
                            "columns": ["leads"],
                            "rows": [{"labels": ["2026-W48"], "figures": [FIGURE_EXAMPLE]}],
                            "total": 1,
                            "chart": "lines",
                        }
                    ],
                }
            ],
            "actions": [],
            "lessons": [],
        }
    )
    version: Literal[1]
    organisation: str
    title: str
    week: str
    begin: AwareDatetime
    end: AwareDatetime
    zone: str
    known_on: AwareDatetime
    agreement: str
    sections: list[FigureSection]
    actions: list[ForumEntryShown]
    lessons: list[ForumEntryShown]


class EntryView(BaseModel):
    """What was entered, in its last version."""

    model_config = ConfigDict(frozen=True)
    id: str
    by: str
    recorded_at: AwareDatetime
    entry: ForumEntry


class EntryList(BaseModel):
    """Everything that was entered for the forum, by id."""

    model_config = example(
        {
            "entries": [
                {
                    "id": "ent_lq2vo4ysqh3xj5m6wq4uxh7k2a",
                    "by": "maja",
                    "recorded_at": AT,
                    "entry": {
                        "kind": "action",
                        "what": "Ask Cia again",
                        "who": "elin",
                        "by": "2026-12-04",
                        "state": "open",
                    },
                }
            ]
        }
    )
    entries: list[EntryView]
