"""The mix of signals: what a marketing platform, a web site and a CRM send of leads, as bodies and as signals.

Drawn with a seed, so that every run gets the same. The shares are in WEIGHTS; `said()` counts what was really drawn.
"""

import json
import random
import time
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime
from hmac import digest
from typing import NamedTuple
from urllib.parse import urlencode

from schemas.sources import Scheme, Source
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse
from services.ports.rows import RecordOut

NEW = 0.12
"""Share of signals that are the first of a new lead."""
FIRST = {"form.submitted": 40, "email.sent": 30, "contact.created": 30}
WEIGHTS = {
    "email.opened": 23, "page.visited": 22, "email.sent": 18, "email.clicked": 9, "contact.updated": 8, "form.submitted": 6,
    "demo": 4, "tag.added": 2, "event.attended": 1, "follow_up": 3, "accepted": 2.4, "rejected": 0.4, "meeting_booked": 0.5,
    "won": 0.4, "lost": 0.3,
}  # fmt: skip
"""What is sent of known leads, in parts of about 100; `demo` is the form that makes a lead ready for sales."""
SALES = {"follow_up", "accepted", "rejected", "meeting_booked", "won", "lost"}
KEPT = 4000
"""Leads that something still happens to."""
KEY = bytes(range(32))


class Hook(NamedTuple):
    """One webhook to send."""

    source: str
    headers: dict[str, str]
    body: bytes


class Mix:
    """`secret` signs the facts of our own JSON, as Standard Webhooks has it."""

    def __init__(self, secret: bytes = KEY, seed: int = 7) -> None:
        self._lots, self._secret = random.Random(seed), secret
        self._open: list[int] = []
        self._handed: list[int] = []
        self._leads = self._count = 0
        self.drawn: Counter[str] = Counter()

    def hooks(self, count):
        return [self._hook() for _ in range(count)]

    def records(self, count, topic):
        """The same as records of the signals topic, made by ingest's own code."""
        return [_record(hook, topic, datetime.now(UTC)) for hook in self.hooks(count)]

    def demo(self, lead, topic, at):
        """The record of a form by which this lead is ready for sales, received at `at`."""
        self._count += 1
        return _record(self._form(lead, "demo"), topic, at)

    def said(self):
        total = sum(self.drawn.values())
        shares = ", ".join(f"{kind} {100 * n / total:.1f} %" for kind, n in self.drawn.most_common())
        return f"{total} signals, {100 * self._leads / total:.1f} % the first of a new lead: {shares}"

    def _hook(self):
        lots, self._count = self._lots, self._count + 1
        if lots.random() < NEW or not self._open:
            self._leads += 1
            lead, kind = self._leads, _draw(lots, FIRST)
            self._open.append(lead)
            if len(self._open) > KEPT:
                self._open.pop(lots.randrange(KEPT))
        else:
            lead, kind = lots.choice(self._open), _draw(lots, WEIGHTS)
        if kind in SALES:
            lead = lots.choice(self._handed[-KEPT:]) if self._handed else lead
        if kind == "demo":
            self._handed.append(lead)
        self.drawn[kind] += 1
        return self._form(lead, kind) if kind in ("form.submitted", "demo") else self._fact(lead, kind)

    def _form(self, lead, kind):
        fields = {
            "form_id": "demo" if kind == "demo" else self._lots.choice(["guide", "newsletter", "webinar"]),
            "submission_id": f"s{self._count}",
            "email": _email(lead),
            "first_name": f"Anna{lead}",
            "last_name": "Lindqvist",
            "company": f"Firma {lead // 3} AB",
            "message": "We have three sites and want to know what it would cost to move all of them this spring.",
            "utm_source": "newsletter",
            "utm_campaign": f"spring-{lead % 9}",
        }
        return Hook("web", {"content-type": "application/x-www-form-urlencoded"}, urlencode(fields).encode())

    def _fact(self, lead, kind):
        fact = {
            "fact": kind,
            "id": f"f{self._count}",
            "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "email": _email(lead),
            "person": {"first_name": f"Anna{lead}", "last_name": "Lindqvist"},
            "company": {"name": f"Firma {lead // 3} AB", "domain": f"firma{lead // 3}.example"},
            "references": [{"system": "mautic", "account": "main", "object": "person", "id": str(100_000 + lead)}],
            "campaign": f"spring-{lead % 9}",
            "fields": {"url": f"https://www.nordlys.example/products/{lead % 40}?ref=mail", "points": lead % 70},
        }
        if kind in SALES:
            fact |= {"actor": {"kind": "person", "reference": "1001"}, "activity_type": "call", "done": True}
        if kind == "rejected":
            fact["reason"] = "wrong timing"
        if kind == "tag.added":
            fact["tags"] = ["enterprise"]
        body, ident, stamp = json.dumps(fact).encode(), f"msg_{self._count}", str(int(time.time()))
        proof = b64encode(digest(self._secret, f"{ident}.{stamp}.".encode() + body, "sha256")).decode()
        headers = {
            "content-type": "application/json",
            "webhook-id": ident,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{proof}",
        }
        return Hook("crm", headers, body)


SOURCES = {
    name: Source(name=name, kind=kind, region="SE", verify=Scheme(scheme="none"))
    for name, kind in (("web", "form"), ("crm", "crm"))
}


def _record(hook, topic, at):
    source = SOURCES[hook.source]
    (found,) = parse(source.kind, hook.body, hook.headers["content-type"], hook.headers)
    made = to_signal(found, source, at, KEY)
    value = made.text().encode()
    return RecordOut(topic, made.partition_key.encode(), value)


def _email(lead):
    return f"anna.lindqvist{lead}@firma{lead // 3}.example"


def _draw(lots, weights):
    return lots.choices(list(weights), list(weights.values()))[0]
