"""What is different today in the weeks before, since the last report: late facts, merges, and promises whose verdict was corrected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routing.forum.counts import counts_of
from routing.forum.figures import Figure, Section
from routing.forum.frame import Frame
from routing.forum.sheet import Sheet, money_figure, table_of
from routing.forum.story import Story
from routing.forum.tally import Count, Query, Tally

FOLLOWED = frozenset(
    {"leads_in", "entered", "handovers", "promises", "meetings", "definition_met", "customers", "revenue"}
)
"""Measures of the weeks before that are compared with what the last report knew."""


class Corrections:
    """Of the stories that something was recorded of since the last report: what they added then, and what they add now."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._weeks = frozenset(week.name for week in frame.weeks[:-1])
        self.before, self.now = Tally(), Tally()

    def add(self, story: Story, counts: Iterable[Count]) -> None:
        """`story` is as of the frame's own instant, and `counts` are what it adds."""
        known = self._frame.known_before
        recorded = [event.recorded_at for event in story.events] + [heard.recorded_at for heard in story.signals]
        if not recorded or max(recorded) <= known:
            return
        self.now.add(self._of_earlier_weeks(counts))
        then = story.as_of(self._frame.week.begin, known)
        self.before.add(self._of_earlier_weeks(counts_of(then, self._frame)))

    def _of_earlier_weeks(self, counts: Iterable[Count]) -> Iterator[Count]:
        for count in counts:
            if count.query.measure in FOLLOWED and count.query.span in self._weeks:
                yield count


def corrections(found: Corrections, sheet: Sheet) -> Section:
    """Each figure of an earlier week that was another one in the last report; the ids are those of today."""
    queries = sorted({*found.before.cells, *found.now.cells})
    before, now = Sheet(found.before, sheet.frame), Sheet(found.now, sheet.frame)
    rows = []
    for query in queries:
        if before.cell(query).trail.checksum != now.cell(query).trail.checksum:
            change = now.cell(query).amount - before.cell(query).amount
            rows.append(((query.span, query.measure, " ".join(query.labels)), _figures(sheet, query, change)))
    return Section(
        name="corrections", tables=(table_of("figures", ("week", "measure", "labels"), ("was", "is"), rows),)
    )


def _figures(sheet: Sheet, query: Query, change: int) -> tuple[Figure, Figure]:
    was = sheet.cell(query).amount - change
    if query.measure == "revenue":
        currency = query.labels[0]
        return money_figure(was, currency), sheet.money(query.measure, query.span, currency)
    return Figure(value=was, unit="count"), sheet.count(query.measure, query.span, *query.labels)
