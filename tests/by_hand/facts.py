"""Raw events and signals as one flat list each, and how numbers are written."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

QUARTER = 13 * 7
"""Days."""


class Facts:
    """Everything up to the end of the week and the instant of knowing; `events` and `signals` in the order of recording, by lead."""

    def __init__(self, events, signals, sunday, known_on, zone="Europe/Stockholm"):
        self.zone, self.sunday = ZoneInfo(zone), sunday
        self.end = datetime.combine(sunday + timedelta(days=1), datetime.min.time(), self.zone)
        self.events = [e for e in map(self._short, events) if self._is_seen(e, known_on)]
        self.signals = [s for s in map(self._short, signals) if self._is_seen(s, known_on)]
        self.live = [e for e in self.events if e["mode"] == "live"]
        self.by_lead = defaultdict(list)
        for event in self.events:
            self.by_lead[event["subject"]].append(event)
        self.heard = defaultdict(list)
        for signal in self.signals:
            self.heard[signal["subject"]].append(signal)
        self.gone = {lead for lead, told in self.by_lead.items() if self._is_gone(lead, told)}
        self.created = {}
        for event in self.live:
            if event["type"] == "lead.created":
                self.created.setdefault(event["subject"], event)

    def _short(self, item):
        at = datetime.fromisoformat(item["time"])
        kind = item.get("type", "").removeprefix("stafett.").removesuffix(".v1")
        local = at.astimezone(self.zone)
        return {**item, "type": kind, "at": at, "day": local.date(), "data": item.get("data", {})}

    def _is_seen(self, item, known_on):
        known = datetime.fromisoformat(item["recordedtime"]) <= known_on
        return known and item["day"] <= self.sunday and item["mode"] in ("live", "import")

    @staticmethod
    def _is_gone(lead, told):
        merges = [
            e["type"] for e in told if e["type"] in ("lead.merged", "lead.unmerged") and e["data"]["gone"] == lead
        ]
        return bool(merges) and merges[-1] == "lead.merged"

    def moves(self, lead):
        """(event, from, to) of each stage entered."""
        for event in self.by_lead[lead]:
            if event["type"] == "lead.created":
                yield event, None, event["data"]["stage"]
            if event["type"] == "lead.stage_changed":
                yield event, event["data"]["from_stage"], event["data"]["to_stage"]

    def is_active(self, lead):
        said = [e["data"]["to_disposition"] for e in self.by_lead[lead] if e["type"] == "lead.disposition_changed"]
        return not said or said[-1] == "active"

    def content(self, lead, at):
        said = [s for s in self.heard[lead] if s["at"] <= at]
        forms = [(s["at"], s["facts"]["form_id"]) for s in said if s["facts"]["form_id"]]
        campaigns = [(s["at"], s["facts"]["campaign"]) for s in said if s["facts"]["campaign"]]
        return max(forms or campaigns or [(None, "-")])[1]

    def finder(self, lead):
        first = self.created.get(lead)
        own = first is not None and first["data"]["signal_kind"].startswith("sales.")
        told = [e for e in self.by_lead[lead] if e["mode"] == "live"]
        hunted = any(e["type"] == "lead.owner_changed" and e["data"]["rule"] == "hunter" for e in told)
        outside = any(e["type"] == "handover.won" and e["data"]["outside_process"] for e in told)
        return "sales" if own or hunted or outside else "marketing"


def _even(value, places):
    whole, rest = divmod(value.numerator * 10**places, value.denominator)
    twice = 2 * rest
    whole += twice > value.denominator or (twice == value.denominator and whole % 2 == 1)
    return Decimal(whole).scaleb(-places)


def part(some, all_):
    return str(_even(Fraction(some) / Fraction(all_), 4)) if all_ else None


def seconds(span):
    return max(0, int(span.total_seconds()))


def cents(amount):
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


def money(whole_cents):
    return str(_even(Fraction(whole_cents, 100), 2))


def week_of(day):
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02d}"


def months_to(day, count=12):
    year, month = day.year, day.month
    back = [divmod(year * 12 + month - 1 - i, 12) for i in reversed(range(count))]
    return [f"{y}-{m + 1:02d}" for y, m in back]
