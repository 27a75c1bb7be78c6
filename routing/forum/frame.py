"""What one report is about: its week, the spans that are compared with it, what was known by when, and the agreement."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from routing.agreement.agreement import Agreement
from routing.agreement.scoring import CompiledSegment
from routing.forum.weeks import Span, meeting_at, monday_of, months_to, span_of, week_name, weeks_to
from schemas.agreement import AgreementFile
from schemas.calendar import seconds_of_day
from schemas.forum import Forum
from schemas.market import Goal, Goals

WEEKS = 8
"""Weeks whose headline figures stand beside one another; also those whose leads are followed from stage to stage."""
MONTHS = 12
QUARTER = 13
"""Weeks over which definitions are judged and the cost of a customer is computed."""
QUARTER_NAME = "13w"
BUDGET = "budget"
SETTLING = timedelta(minutes=15)
"""What was recorded so shortly before the forum meets is left for the next report: it may still be on its way to the feed, and the
same week has to give the same bytes."""
USUAL = Forum(weekday="mon", time="08:00")
"""When the forum meets where the agreement does not say."""


class Frame(NamedTuple):
    """`weeks` end with the report's own, `months` with the one that its last day is in. `spans` are the quarter, the budget's and each
    goal's days until the end of the week. `known_before` is what the report of the week before knew."""

    agreement: Agreement
    zone: ZoneInfo
    weeks: tuple[Span, ...]
    months: tuple[Span, ...]
    spans: tuple[Span, ...]
    known_on: datetime
    known_before: datetime
    segments: Mapping[str, CompiledSegment]

    @property
    def week(self) -> Span:
        return self.weeks[-1]

    @property
    def goals(self) -> Goals:
        return self.agreement.file.goals

    @property
    def stuck_after(self) -> timedelta:
        return timedelta(days=forum_of(self.agreement.file).stuck_after)

    def span(self, name: str) -> Span | None:
        return next((span for span in self.spans if span.name == name), None)

    def week_of(self, at: datetime) -> str | None:
        """The name of the week that it happened in; None where that is none of ours."""
        return _among(self.weeks, at)

    def all_of(self, at: datetime) -> list[str]:
        """Every span that it happened in."""
        named = [name for name in (_among(self.weeks, at), _among(self.months, at)) if name is not None]
        return named + [span.name for span in self.spans if span.begin <= at < span.end]

    def is_in(self, name: str, at: datetime) -> bool:
        span = self.span(name)
        return span is not None and span.begin <= at < span.end


def _among(spans: tuple[Span, ...], at: datetime) -> str | None:
    index = bisect_right(spans, at, key=lambda span: span.begin) - 1
    return spans[index].name if index >= 0 and at < spans[index].end else None


def goal_span(goal: Goal) -> str:
    """The name of a goal's span."""
    return f"goal:{goal.name}"


def goal_begin(goal: Goal) -> date:
    """The day from which a goal is counted: its own, else the first of the year in which it ends."""
    return goal.since or date(goal.by.year, 1, 1)


def forum_of(file: AgreementFile) -> Forum:
    """The agreement's own terms of the forum, else the usual ones."""
    return file.forum or USUAL


def zone_of(agreement: Agreement) -> ZoneInfo:
    """By whose clocks weeks begin."""
    forum = forum_of(agreement.file)
    if forum.calendar is not None:
        return ZoneInfo(agreement.file.calendars[forum.calendar].zone)
    zone = agreement.zone
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")


def meeting_over(agreement: Agreement, week: str) -> datetime:
    """When the forum meets over this week. Raises ValueError where it is no week."""
    forum = forum_of(agreement.file)
    return meeting_at(monday_of(week), forum.weekday, seconds_of_day(forum.time), zone_of(agreement))


def usual_week(agreement: Agreement, now: datetime) -> str:
    """The last week that is over."""
    return week_name(now.astimezone(zone_of(agreement)).date() - timedelta(weeks=1))


def frame_of(agreement: Agreement, week: str, now: datetime, known_on: datetime | None = None) -> Frame:
    """The frame of a week's report as known on an instant: when its forum met, or now where that is to come.

    Raises ValueError where it is no week.
    """
    zone, monday = zone_of(agreement), monday_of(week)
    at = known_on or min(now, meeting_over(agreement, week) - SETTLING)
    weeks = weeks_to(monday, WEEKS, zone)
    last = weeks[-1].last
    return Frame(
        agreement=agreement,
        zone=zone,
        weeks=weeks,
        months=months_to(last, MONTHS, zone),
        spans=tuple(_spans(agreement.file.goals, last, zone)),
        known_on=at.astimezone(UTC),
        known_before=min(at, meeting_over(agreement, weeks[-2].name) - SETTLING).astimezone(UTC),
        segments=agreement.standards.segments,
    )


def _spans(goals: Goals, last: date, zone: ZoneInfo) -> list[Span]:
    found = [span_of(QUARTER_NAME, last - timedelta(days=7 * QUARTER - 1), last, zone)]
    if goals.sales_budget is not None and goals.sales_budget.since <= last:
        budget = goals.sales_budget
        found.append(span_of(BUDGET, budget.since, min(budget.by, last), zone))
    for goal in goals.smart:
        if goal_begin(goal) <= last:
            found.append(span_of(goal_span(goal), goal_begin(goal), min(goal.by, last), zone))
    return found
