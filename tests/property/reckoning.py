"""Business time the slow way: one step of the clock after the other, looked up on the wall and never reckoned.

`python -m tests.property.reckoning` fills in what falls due when in tests/vectors/business_time.json."""

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

VECTORS = Path(__file__).parents[1] / "vectors" / "business_time.json"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
# Written down by hand: a list that came from the calendar data would agree with it whatever it said.
HOLIDAYS = {
    "SE": {f"2026-{day}" for day in ("01-01", "01-06", "04-03", "04-05", "04-06", "05-01", "05-14", "06-06", "06-20",
                                     "10-31", "12-25", "12-26")},
}  # fmt: skip


def hours_of(calendar, day: date):
    """Pairs of minutes since midnight."""
    special = calendar.get("special_days", {})
    if str(day) in calendar.get("closed_days", ()):
        return []
    if str(day) in special:
        rows = special[str(day)]
    elif "holidays" in calendar and str(day) in HOLIDAYS[calendar["holidays"]["country"]]:
        rows = []
    else:
        rows = calendar["week"].get(WEEKDAYS[day.weekday()], [])
    return [tuple(int(text[:2]) * 60 + int(text[3:]) for text in row) for row in rows]


def opening(calendar):
    """Says of a time on the wall whether it is open."""
    hours = cache(lambda day: hours_of(calendar, day))
    return lambda wall: any(a <= wall.hour * 60 + wall.minute < b for a, b in hours(wall.date()))


def walk(calendar, start, amount, pauses=(), step=MINUTE):
    """The instant by which `amount` of open time has passed outside the pauses."""
    zone, is_open, now = ZoneInfo(calendar["zone"]), opening(calendar), start
    while amount > timedelta(0):
        if is_open(now.astimezone(zone)) and not any(a <= now < b for a, b in pauses):
            amount -= step
        now += step
    return now


def walk_days(calendar, start, days, pauses=(), step=MINUTE):
    """The close of the last of so many open days after the start's; or, over pauses, when as much open time as lies before it
    has passed outside them. A start when its day is over, or never opens, belongs to the next open day."""
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for _, end in open_days(calendar, midnight - timedelta(days=1)):
        if end > start:
            if days == 0:
                return walk(calendar, start, open_time(calendar, start, end, step), pauses, step) if pauses else end
            days -= 1
    raise AssertionError("open days never end")


def open_time(calendar, start, end, step):
    """What of it is open, one step after the other."""
    zone, is_open, now, found = ZoneInfo(calendar["zone"]), opening(calendar), start, timedelta(0)
    while now < end:
        found += step if is_open(now.astimezone(zone)) else timedelta(0)
        now += step
    return found


def open_days(calendar, now):
    """First opening and last closing of each date of the wall, told once the next one opens."""
    zone, is_open = ZoneInfo(calendar["zone"]), opening(calendar)
    day, begin, end = None, now, now
    while True:
        wall = now.astimezone(zone)
        if is_open(wall):
            if wall.date() != day:
                if day is not None:
                    yield begin, end
                day, begin = wall.date(), now
            end = now + MINUTE
        now += MINUTE


def due(calendar, case):
    start = datetime.fromisoformat(case["start"])
    pauses = [tuple(map(datetime.fromisoformat, pause)) for pause in case.get("pauses", [])]
    whole = all(at.second == 0 for at in (start, *sum(pauses, ()))) and case.get("business_seconds", 0) % 60 == 0
    step = MINUTE if whole else SECOND
    if days := case.get("business_days"):
        return walk_days(calendar, start, days, pauses, step)
    return walk(calendar, start, timedelta(seconds=case["business_seconds"]), pauses, step)


def main():
    file = json.loads(VECTORS.read_text())
    for case in file["cases"]:
        case["due"] = due(file["calendars"][case["calendar"]], case).astimezone(UTC).isoformat()
    calendars = ",\n".join(f"{json.dumps(name)}: {json.dumps(said)}" for name, said in file["calendars"].items())
    cases = ",\n".join(json.dumps(case) for case in file["cases"])
    VECTORS.write_text(f'{{"calendars": {{\n{calendars}\n}},\n"cases": [\n{cases}\n]}}\n')


if __name__ == "__main__":
    main()
