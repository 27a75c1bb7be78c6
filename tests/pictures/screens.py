"""Which pictures the documentation has of the demo's month: of which screen, as seen by whom, in which language and colours."""

from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Stockholm")
"""Where the demo's company works."""
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
SATURDAY = 5
LEAD = "/?stage=deal&owner=elin"
"""The view whose first lead is shown: a salesperson talks to them."""


class Picture(NamedTuple):
    """`path` is None for a lead of the view LEAD."""

    path: str | None
    person: str = "maja"
    language: str = "en"
    size: str = "wide"
    colours: str = "light"


def pictures(now):
    """{name: picture}."""
    return {
        "now-en-wide": Picture("/"),
        "now-sv-narrow": Picture("/", "elin", "sv", "narrow"),
        "lead-en-wide": Picture(None),
        "lead-dark": Picture(None, "elin", "sv", colours="dark"),
        "people-en-wide": Picture("/people?week=last"),
        "flow-en-wide": Picture(f"/flow?day={last_workday(now)}"),
        "agreement-en-wide": Picture("/agreement"),
        "forum-en-wide": Picture("/forum"),
    }


def last_workday(now):
    """The last whole day on which people of the demo worked."""
    day = now.astimezone(ZONE).date() - timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day
