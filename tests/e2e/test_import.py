"""Day one on a real file: `stafett import`, stopped and said again, then live signals on what was imported."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from schemas.signals import Sales
from schemas.sources import Scheme, Source
from services.ingest.contacts.contacts import Contacts
from services.ingest.normalising.normalise import to_signal
from tests.setups import SETUPS, START, setup, signal

KEY = b"k" * 32
STAGES = ("prospecting", "contact", "qualification", "hand_over", "deal", "nurturing")


def table(path, count):
    lines = ["email,full_name,stage,owner,since,consent:email"]
    for n in range(count):
        consent = "withdrawn" if n % 10 == 0 else "given"
        lines.append(f"p{n}@firm{n // 2}.example,P {n},{STAGES[n % 6]},elin,2026-01-31T09:00:00+01:00,{consent}")
    path.write_text("\n".join(lines) + "\n")
    return path


def stafett(*args):
    return subprocess.run(
        [sys.executable, "-m", "services.cli.main", *args], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_dry_run_reports_and_sends_nothing_and_a_run_that_was_stopped_goes_on(tmp_path):
    folder, file = tmp_path / "mine", table(tmp_path / "leads.csv", 1200)
    assert stafett("new", str(folder)).returncode == 0
    config = ("--config", str(folder))
    tried = stafett("import", str(file), "--dry-run", "--report", str(tmp_path / "r.csv"), *config)
    assert tried.returncode == 0, tried.stderr
    assert "1200 rows, 1200 to import, 0 skipped" in tried.stdout
    assert not (tmp_path / "leads.csv.progress").exists()
    env = f"STAFETT_DATABASE_URL=sqlite:///{folder}/s.db\n"
    (folder / ".env").write_text((folder / ".env").read_text() + env)
    upgraded = stafett("db", "upgrade", *config)
    assert upgraded.returncode == 0, upgraded.stderr
    first = stafett("import", str(file), "--rate", "0", *config)
    assert first.returncode == 0, first.stderr
    assert "1200 rows sent" in first.stdout
    place = tmp_path / "leads.csv.progress"
    place.write_text(json.dumps({**json.loads(place.read_text()), "rows": 700}))
    assert "500 rows sent" in stafett("import", str(file), "--rate", "0", *config).stdout


def test_a_file_that_is_no_table_is_refused_before_anything_is_sent(tmp_path):
    folder, file = tmp_path / "mine", tmp_path / "leads.csv"
    stafett("new", str(folder))
    file.write_text("what,ever\n1,2\n")
    refused = stafett("import", str(file), "--config", str(folder))
    assert (refused.returncode, refused.stdout) == (2, "") and "none of its 2 columns is known" in refused.stderr


@pytest.fixture(params=SETUPS)
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


async def test_an_import_is_quiet_and_a_week_of_live_signals_on_it_brings_no_false_event(running, tmp_path):
    source = Source(name="import", kind="import", verify=Scheme(scheme="none"))
    contacts = Contacts("day-one", {"elin"}.__contains__)
    with table(tmp_path / "leads.csv", 60).open() as file:
        rows = [to_signal(row.parsed, source, START, KEY) for row in contacts.rows(file)]
    await running.give(*rows)
    quiet = [json.loads(event) for event in await running.events()]
    assert {event["mode"] for event in quiet} == {"import"}
    assert {event["type"].split(".")[1] for event in quiet} <= {"lead", "suppression", "nurture"}
    assert {e["type"] for e in quiet} & {"stafett.lead.in_limbo.v1", "stafett.handover.offered.v1"} == set()
    assert await running.store.next_due() is None, "no clock runs"
    leads = await running.reading.leads(limit=500)
    assert sorted(lead.stage for lead in leads) == sorted(STAGES[n % 6] for n in range(60))
    await running.give(*rows)
    assert len(await running.events()) == len(quiet), "said twice is said once"

    known = len(quiet)
    at = START + timedelta(hours=1)
    for n, row in enumerate(rows):
        kind = "sales.follow_up" if STAGES[n % 6] == "deal" else "email.opened"
        live = signal(f"live{n}", kind, at=at, sales=Sales(done=True) if kind == "sales.follow_up" else None)
        update = {"identities": row.identities, "partition_key": row.partition_key, "person": row.person}
        await running.give(live.but(**update))
    since = [json.loads(event) for event in await running.events()][known:]
    said = {event["type"].removeprefix("stafett.").removesuffix(".v1") for event in since}
    assert not {"lead.in_limbo", "lead.created", "lead.held", "sla.breached", "suppression.violated"} & said
    assert not {"handover.offered", "handover.withdrawn"} & said, "an opened mail makes no offer"


async def test_what_follows_from_a_clock_on_trial_is_on_trial_too(running):
    await running.give(signal(1, "form.submitted", form_id="demo", mode="observe"))
    await running.later(days=9)
    events = [json.loads(event) for event in await running.events()]
    assert {event["mode"] for event in events} == {"observe"}
    assert "stafett.handover.expired.v1" in {event["type"] for event in events}, "the trial went on by its clocks"
