"""Times as the people of the demo read them: on their own clocks, not in UTC."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,6})?Z")


class LocalTime:
    """The clock of a zone such as Europe/Stockholm."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._info = ZoneInfo(zone)

    def clock(self, instant: datetime) -> str:
        """`16:44:24`"""
        return instant.astimezone(self._info).strftime("%H:%M:%S")

    def moment(self, instant: datetime) -> str:
        """`Thu 3 Dec 17:00 CET`"""
        there = instant.astimezone(self._info)
        return f"{there:%a} {there.day} {there:%b %H:%M} {there.tzname()}"

    def zoned_clock(self, instant: datetime) -> str:
        """`16:44:24 CET`"""
        return f"{self.clock(instant)} {instant.astimezone(self._info).tzname()}"

    def due(self, stamp: str, now: datetime) -> str:
        """`16:44:24` of today, else `Thu 3 Dec 17:00`."""
        there = datetime.fromisoformat(stamp).astimezone(self._info)
        if there.date() == now.astimezone(self._info).date():
            return self.clock(there)
        return f"{there:%a} {there.day} {there:%b %H:%M}"

    def text(self, words: str) -> str:
        """The same words, each instant in UTC as local time to the millisecond."""
        return _STAMP.sub(self._stamp, words)

    def _stamp(self, found: re.Match[str]) -> str:
        there = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}+00:00").astimezone(self._info)
        return f"{there:%Y-%m-%d %H:%M:%S}" + (f".{there.microsecond // 1000:03}" if found[3] else "")
