"""The places of a report and of each of its figures on the page: what links in mails and files lead to. Figures are named by their place,
never by their labels, which people and senders chose: so no address holds anything personal."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from routing.forum.figures import FigureTable, Report, Section
from schemas.paths import under

REPORT, BEHIND = "/forum", "/forum/behind"


def place_of(section: Section, table: FigureTable, row: int, column: int) -> str:
    """Of a figure: stays the same, for the report does."""
    return f"{section.name}.{table.name}.{row}.{column}"


class PageLinks(NamedTuple):
    """Addresses of one report at the outside's URL of the page."""

    public_url: str
    week: str
    known_on: str

    def report(self) -> str:
        """The whole report, as known on the same instant."""
        return self._url(REPORT)

    def behind(self, place: str) -> str:
        """The leads behind the figure at a place."""
        return self._url(BEHIND, at=place)

    def _url(self, path: str, **more: str) -> str:
        return f"{under(self.public_url, path)}?{urlencode({'week': self.week, 'known': self.known_on, **more})}"


def page_links(public_url: str | None, report: Report) -> PageLinks | None:
    """None where nobody said where the page is."""
    return None if public_url is None else PageLinks(public_url, report.week, report.known_on)
