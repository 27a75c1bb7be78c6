"""`python -m tests.walk`: ten leads of the example agreement through a week, as docs/walk.md tells it.

Real router, relay and watcher on one SQLite file, with the time in the script's hand; what is written is read from the
history and the events, never made up here.
"""

import asyncio
import json
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from routing.model.records import Lead
from schemas.signals import Actor, Company, IdentityKey, Kind, Person, Sales
from tests.setups import setup, signal

DOCUMENT = Path(__file__).parent.parent / "docs" / "walk.md"
MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=ZoneInfo("Europe/Stockholm"))
CALL = Sales(activity_type="call", done=True)
DEMO = {"form_id": "demo", "fields": {"message": "We want to see it."}}
LEADS = {
    "anna": "goes all the way: a demo form, accepted, called, won",
    "bo": "is rejected with a reason",
    "cia": "is accepted and forgotten, so that the promise to follow up is broken",
    "dan": "is on the target list and hears from us, no more",
    "eva": "reads and clicks until that is engagement, and waits with an SDR",
    "filip": "says not now",
    "greta": "is offered to somebody who never answers",
    "hugo": "is a large account, by its tag",
    "ida": "wants no more mail, and gets none",
    "jon": "is Anna's colleague, and joins her salesperson, who calls at once and so accepts",
}
Step = tuple[int, int, int, str, str, dict]
"""(day of the week, hour, minute, lead, kind, more)."""
WEEK: tuple[Step, ...] = (
    (0, 8, 5, "anna", "form.submitted", DEMO),
    (0, 8, 20, "dan", "prospect.listed", {}),
    (0, 8, 30, "dan", "email.sent", {"automated": True}),
    (0, 8, 40, "eva", "email.opened", {}),
    (0, 8, 45, "anna", "sales.accepted", {}),
    (0, 9, 15, "anna", "sales.follow_up", {"sales": CALL, "actor": Actor(kind="person")}),
    (0, 9, 30, "bo", "form.submitted", DEMO),
    (0, 10, 0, "jon", "form.submitted", DEMO),
    (0, 11, 0, "bo", "sales.rejected", {"reason": "wrong timing"}),
    (0, 11, 15, "jon", "sales.follow_up", {"sales": CALL, "actor": Actor(kind="person", reference="elin")}),
    (1, 9, 0, "cia", "form.submitted", DEMO),
    (1, 9, 10, "eva", "email.clicked", {}),
    (1, 9, 30, "cia", "sales.accepted", {}),
    (1, 10, 0, "eva", "email.clicked", {}),
    (1, 10, 30, "filip", "form.submitted", {"form_id": "newsletter"}),
    (1, 14, 0, "eva", "email.clicked", {}),
    (1, 15, 0, "hugo", "form.submitted", DEMO | {"tags": ("enterprise",)}),
    (2, 8, 15, "greta", "form.submitted", DEMO),
    (2, 9, 0, "hugo", "sales.accepted", {}),
    (2, 9, 20, "hugo", "sales.follow_up", {"sales": CALL, "actor": Actor(kind="person")}),
    (2, 10, 0, "filip", "form.submitted", {"form_id": "not-now"}),
    (3, 9, 0, "ida", "form.submitted", {"form_id": "newsletter"}),
    (3, 9, 5, "ida", "consent.withdrawn", {}),
    (3, 15, 0, "anna", "sales.won", {"amount": 125000.0, "currency": "SEK"}),
    (4, 10, 0, "bo", "email.clicked", {}),
)  # fmt: skip
_QUIET = {"lead.touched", "lead.definition_met", "sla.started", "sla.cancelled"}


async def walked():
    """The document's text."""
    with tempfile.TemporaryDirectory() as folder:
        async with setup("sqlite-embedded", None, Path(folder)) as running:
            names = {}
            for number, (day, hour, minute, lead, kind, more) in enumerate(WEEK, 1):
                at = MONDAY.replace(hour=hour, minute=minute) + timedelta(days=day)
                await _until(running, at)
                company = Company(name="Acme AB") if lead in ("anna", "jon") else Company()
                person = Person(email=f"{lead}@example.com", full_name=lead.title())
                item = signal(number, Kind(kind), lead, at, company=company, person=person, **more).but(**_joined(lead))
                await running.give(item)
                known = await running.reading.history_of_signal(item.id)
                names[known[0].row.lead_id] = lead
            await _until(running, MONDAY + timedelta(days=4, hours=10))
            return await _told(running, names)


def _joined(lead):
    """Anna and Jon are of one company, as ingest tells from the domain of their addresses."""
    domain = "acme" if lead in ("anna", "jon") else lead
    return {
        "identities": (IdentityKey(kind="email", digest=f"digest-{lead}"), IdentityKey(kind="domain", digest=domain))
    }


async def _until(running, at):
    if running.at < at:
        await running.later(seconds=(at - running.at).total_seconds())


async def _told(running, names):
    events = {}
    for envelope in map(json.loads, await running.events()):
        events.setdefault(envelope["causationid"], []).append(envelope)
    parts = [_HEAD]
    for lead_id, name in sorted(names.items(), key=lambda entry: list(LEADS).index(entry[1])):
        row = await running.reading.lead(lead_id)
        parts.append(f"## {name.title()} {LEADS[name]}\n\n| when | what came in | what followed |\n|---|---|---|")
        for entry in await running.reading.history(lead_id, 0, 500):
            said = [line for e in events.get(entry.row.signal_id, []) if (line := _line(e))]
            what = "a clock fell due" if entry.row.kind == "clock.due" else f"`{entry.row.kind}`"
            if said or entry.row.kind != "clock.due":
                parts.append(
                    f"| {_when(entry.row.occurred_at)} | {what} | {'; '.join(said) or entry.row.note or 'kept'} |"
                )
        lead = Lead.read(row.state)
        owner = f"owned by {row.owner}" if row.owner else f"nobody's: {lead.unowned_reason}"
        parts.append(f"\nAt the end of the week: **{row.stage}**, {owner}.\n")
    return "\n".join(parts).rstrip() + "\n"


_HEAD = """# A week under the example agreement

Ten people, one week, `deploy/examples/agreement.yaml` as it stands. This page is written by `python -m tests.walk`, which runs the
router, the relay and the watcher; a test compares. Times are Stockholm's. Left out: promises that were started or that ended with
the hand-over, and `lead.touched`.
"""


def _line(envelope):
    kind, data = envelope["type"].removeprefix("stafett.").removesuffix(".v1"), envelope["data"]
    if kind in _QUIET:
        return None
    if kind == "lead.stage_changed":
        track = f" ({data['track']})" if data.get("track") else ""
        return f"**{data['from_stage']} → {data['to_stage']}**{track}, because of `{data['reason']}`"
    words = [
        (data.get("owner") or data.get("to_owner") or {}).get("person"),
        data.get("policy"),
        data.get("rule"),
        data.get("reason"),
    ]
    if kind == "sla.breached":
        words.append(f"due {_when(datetime.fromisoformat(data['due_at']))}")
    shown = ", ".join(str(word) for word in words if word)
    return f"{kind}" + (f" ({shown})" if shown else "")


def _when(at):
    return f"{at.astimezone(MONDAY.tzinfo):%a %H:%M}"


def main():
    text = asyncio.run(walked())
    DOCUMENT.write_text(text, "utf-8")
    print(f"{DOCUMENT.name}: {len(text.splitlines())} lines", file=sys.stderr)


if __name__ == "__main__":
    main()
