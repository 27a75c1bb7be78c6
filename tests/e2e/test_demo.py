"""The demo is what a new user sees first."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.cli.demo.ending import five_lines
from services.cli.demo.local_time import LocalTime

README = Path(__file__).parents[2] / "README.md"
ENDING = "== What happened, in five lines"
IN_UTC = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?Z")

STAGES = ("prospecting", "contact", "qualification", "hand_over", "deal", "nurturing")
POSTS = (
    "POST /v1/hooks/crm (webhook-signature): 202",
    "POST /v1/hooks/mautic (Webhook-Signature): 202",
    "POST /v1/hooks/typeform (Typeform-Signature): 202",
    "POST /v1/hooks/web (not signed): 202",
    "POST /v1/hooks/pipedrive (HTTP Basic): 202",
)
SHOWN = (
    "handover.accepted",
    "handover.followed_up",
    "handover.won",
    "johan · wrong timing",
    "karin · Chose a competitor",
    "sla.warned",
    "sla.breached",
    "karin · follow-up · escalate",
    "given to elin by rule `everybody`",
    "johan: not chosen",
    "Times are those of Europe/Stockholm",
    "breached; done late",
    "crm: handover.offered",
    "crm: handover.rejected",
    "ops: sla.breached",
)


def test_the_demo_shows_six_stages_several_platforms_a_breach_and_what_the_others_received(tmp_path):
    command = [sys.executable, "-m", "services.cli.main", "demo"]
    where = {"cwd": Path(__file__).parents[2], "env": os.environ | {"TMPDIR": str(tmp_path)}}
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, **where)
    assert done.returncode == 0, done.stderr[-2000:]
    for stage in STAGES:
        assert f"-> {stage}" in done.stdout or f"{stage} ->" in done.stdout, stage
    for words in (*POSTS, *SHOWN):
        assert words in done.stdout, words
    assert list(tmp_path.iterdir()) == [], "something was left behind"
    assert not IN_UTC.search(done.stdout), "an instant that is not on the clock of those who work there"
    begin = done.stdout.index(ENDING)
    assert plain(done.stdout[begin:]) == plain(ending_of_the_readme())
    shown = done.stdout[:begin]
    assert f", until {re.search(r'sla.breached.v1 .* due ([0-9:]{8})', shown)[1]} CE" in done.stdout[begin:]
    assert f"{shown.count('POST /v1/hooks/')} webhooks came in" in done.stdout[begin:]


def plain(text):
    """Its lines without how long things took and when."""
    return [
        re.sub(
            r"\d+\.\d+ seconds|\d+ seconds(?= after)", "N seconds", re.sub(r"\d\d:\d\d:\d\d CES?T", "T", line)
        ).strip()
        for line in text.splitlines()
    ]


def ending_of_the_readme():
    _, _, rest = README.read_text().partition(f"    {ENDING}\n")
    return f"{ENDING}\n" + rest.partition("\n\n")[0]


def test_the_five_lines_say_what_came_of_each_of_the_three():
    bought, came_back, late, promises, kept = five_lines(STORY, LocalTime("Europe/Stockholm"), 19)
    assert (
        bought
        == "Anna Ek of Acme AB bought for 125,000 SEK: Elin called after 1.5 seconds, and Olof looks after the customer now."
    )
    assert came_back == "Bo Berg came back from Johan with a reason, wrong timing; marketing keeps in touch."
    assert late == (
        "cia@firma.example was called too late: Karin had 4 seconds, until 10:00:04 CET, and called 2 seconds after that; the manager was"
        " told. The deal was lost: Chose a competitor."
    )
    assert (
        promises
        == "1 promise was kept, 1 was broken (Karin's call), and 1 fell away with the leads that they were about."
    )
    assert kept == "Everything is kept: 19 webhooks came in, 12 events went out, and every decision can be explained."


@pytest.mark.parametrize(
    ("stamp", "shown"), [("2026-11-29T22:30:00.123456Z", "23:30:00"), ("2026-11-29T23:30:00Z", "Mon 30 Nov 00:30"),
                         ("2026-07-01T10:00:00Z", "Wed 1 Jul 12:00")],
)  # fmt: skip
def test_a_due_instant_is_on_the_local_clock_with_its_day_where_it_is_another(stamp, shown):
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert LocalTime("Europe/Stockholm").due(stamp, now) == shown


def test_each_instant_of_an_explanation_becomes_local():
    words = "2026-11-29 23:30:00.721350Z - 2026-07-01T10:00:00Z counted 00:00:04"
    assert LocalTime("Europe/Stockholm").text(words) == "2026-11-30 00:30:00.721 - 2026-07-01 12:00:00 counted 00:00:04"


def handover(kind, number, at, subject="lead_1", person="elin", **data):
    ident = f"ho_{number}"
    said = {"handover_id": ident, "offer_id": f"{ident}.1", "owner": {"person": person}} | data
    return {
        "type": f"stafett.handover.{kind}.v1",
        "subject": subject,
        "time": f"2026-11-29T09:00:{at:04.1f}Z",
        "data": said,
    }


def offer_event(number, person, company, names):
    more = {"personal": {"person": names}, "dossier": {"company_name": company}}
    return handover("offered", number, 0, person=person, **more)


def promise(kind, clock, subject):
    times = {"started_at": "2026-11-29T09:00:00Z", "due_at": "2026-11-29T09:00:04Z"}
    return {
        "type": f"stafett.sla.{kind}.v1",
        "subject": "lead_1",
        "data": times | {"clock_id": clock, "subject_id": subject},
    }


STORY = [
    offer_event(1, "elin", "Acme AB", {"full_name": "Anna Ek", "email": "anna@acme.example"}),
    handover("followed_up", 1, 1.5, followed_up_at="2026-11-29T09:00:01.500000Z"),
    handover("won", 1, 2, amount=125000.0, currency="SEK"),
    {"type": "stafett.nurture.entered.v1", "subject": "lead_1", "data": {"owner": {"person": "olof"}}},
    offer_event(2, "johan", None, {"first_name": "Bo", "last_name": "Berg", "email": "bo@bolag.example"}),
    handover("rejected", 2, 3, person="johan", reason="wrong timing"),
    promise("fulfilled", "clk_1", "ho_1.1"),
    promise("cancelled", "clk_2", "ho_2.1"),
    offer_event(3, "karin", None, {"email": "cia@firma.example"}),
    promise("breached", "clk_3", "ho_3.1"),
    handover("followed_up", 3, 6, person="karin", followed_up_at="2026-11-29T09:00:06Z"),
    handover("lost", 3, 7, person="karin", reason="Chose a competitor"),
]
