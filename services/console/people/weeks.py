"""Which week's promises are shown: this one, or the one before."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from routing.agreement.agreement import Agreement
from routing.forum.weeks import span_of, week_name
from routing.sla.clocks import SILENT
from services.console.language.reader import Reader
from services.ports.workloads import PromiseSpan

LAST = "last"
"""As the address asks for the week before."""


class Week(NamedTuple):
    """`name` is what the address says: "" for this week. `text` is its days."""

    name: str
    title: str
    text: str
    span: PromiseSpan


def read_week(asked: str, reader: Reader, agreement: Agreement) -> Week:
    """From Monday to Sunday by the reader's clocks; for anything but `last` it is this one."""
    today = reader.now.astimezone(reader.zone).date()
    is_last = asked == LAST
    monday = today - timedelta(days=today.weekday() + 7 * is_last)
    days = span_of(week_name(monday), monday, monday + timedelta(days=6), reader.zone)
    return Week(
        name=LAST if is_last else "",
        title=reader.say("last week") if is_last else reader.say("this week"),
        text=f"{reader.day(days.begin)} – {reader.day(days.end - timedelta(seconds=1))}",
        span=PromiseSpan(
            days.begin,
            days.end,
            passed_over=frozenset(SILENT),
            of_marketing=frozenset(p.name for p in agreement.file.sla.policies if p.promised_by == "marketing"),
        ),
    )
