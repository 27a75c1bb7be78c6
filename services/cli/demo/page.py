"""`stafett demo --page`: a month of history, made by the real parts in the time of a story, and the page that shows it."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.roster import RosterFile
from schemas.yamlfile import load
from services.cli.demo.installation import Alone
from services.cli.demo.local_time import LocalTime
from services.cli.demo.month.company import Company
from services.cli.demo.month.ending import Outline, month_lines
from services.cli.demo.month.world import StoryTime, world_of
from services.cli.demo.senders import Senders
from services.cli.support.environment import settings_of

VIEWS = (
    ("maja", "the manager: everybody's leads, the agreement, the forum"),
    ("elin", "a salesperson: her own leads"),
    ("lena", "marketing: all leads, and the forum"),
)
ILL = ("2026-07-06T00:00:00+02:00", "2026-08-03T00:00:00+02:00")
"""The days of Johan's absence in the example roster."""
GAP = timedelta(minutes=1)
"""Between the end of the story and now, when `up` goes on with it."""


def show_page(config: Path, days: int, port: int) -> None:
    """Until ctrl-c, or until the service ends."""
    alone = Alone(config, changes=(), port=port)
    zone = load((config / "roster.yaml").read_text("utf-8"), RosterFile, "roster.yaml").zone or "UTC"
    local = LocalTime(zone)
    print(f"A company lives through {days} days, as fast as this machine goes ...", flush=True)
    lines = asyncio.run(_fill(config, timedelta(days=days), local))
    print(f"\n== What happened in {days} days, in five lines")
    for line in lines:
        print(f"  {line}")
    try:
        alone.start()
        _show_links(alone, asyncio.run(_links(config)))
        alone.wait()
    except KeyboardInterrupt:
        print("\nEnding ...", flush=True)
    finally:
        alone.stop()


async def _fill(config: Path, length: timedelta, local: LocalTime) -> list[str]:
    """Lives through the days before now; the lines that say what happened."""
    from services.adapters.sql.migrate import upgrade

    end = datetime.now(UTC) - GAP
    begin, zone = end - length, ZoneInfo(local.zone)
    _put_absence(config, begin + length * 0.6, local)
    time = StoryTime(begin)
    senders = Senders(config, time)
    settings = settings_of(argparse.Namespace(config=config))
    await upgrade(settings.database_url)
    async with world_of(settings, time) as world:
        company = Company(world, senders, zone, on_day=lambda _: print(".", end="", flush=True))
        await company.live(end)
        print()
        local_end = end.astimezone(zone)
        tonight = datetime.combine(local_end.date() + timedelta(days=1), datetime.min.time(), zone)
        outline = Outline(begin, end, world.webhooks, await world.waits(tonight))
    return month_lines(company.events, outline, local)


def _put_absence(config: Path, at: datetime, local: LocalTime) -> None:
    """Johan was ill for two days of the month instead of in summer."""
    roster = config / "roster.yaml"
    text = roster.read_text("utf-8")
    midnight = datetime.combine(at.date(), datetime.min.time(), ZoneInfo(local.zone))
    for written, day in zip(ILL, (midnight, midnight + timedelta(days=2)), strict=True):
        if written not in text:
            raise RuntimeError(f"the example roster does not say: {written}")
        text = text.replace(written, day.isoformat())
    roster.write_text(text, "utf-8")


async def _links(config: Path) -> list[tuple[str, str, str]]:
    """(who, what they see, path) of links that sign in once."""
    from services.bootstrap.page import new_link
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(argparse.Namespace(config=config)), exclusive=False) as parts:
        return [(who, sees, (await new_link(parts, who))[1]) for who, sees in VIEWS]


def _show_links(alone: Alone, links: list[tuple[str, str, str]]) -> None:
    print(f"\n== The page is at {alone.url}; each of these links signs you in, once")
    for who, sees, path in links:
        print(f"  {who}, {sees}\n      {alone.url}{path}")
    print("\nIt goes on from here as time passes. ctrl-c ends it, and everything goes away.", flush=True)
