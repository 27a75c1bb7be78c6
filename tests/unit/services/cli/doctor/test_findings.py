"""What the doctor makes of clocks, certificates and files."""

import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest

from services.cli.doctor.outside import lifetime_finding
from services.cli.doctor.store import clock_finding
from services.cli.main import main

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("there", "health"),
    [
        (NOW + 0.1 * SECOND, "ok"),
        (NOW + 1.1 * SECOND, "ok"),
        (NOW - 1.5 * SECOND, "wrong"),
        (NOW + 3 * SECOND, "wrong"),
    ],
)
def test_a_clock_is_wrong_by_what_the_way_there_does_not_explain(there, health):
    assert clock_finding(NOW, there, NOW + 0.2 * SECOND).health == health


def test_the_time_of_a_slow_answer_is_no_difference_of_clocks():
    assert clock_finding(NOW, NOW + 4 * SECOND, NOW + 8 * SECOND).health == "ok"


@pytest.mark.parametrize(("days", "health"), [(30, "ok"), (13, "look"), (-1, "look")])
def test_a_certificate_is_worth_a_look_two_weeks_before_its_end(days, health):
    assert lifetime_finding("public URL", "leads.example.com", NOW + timedelta(days=days), NOW).health == health


@pytest.fixture
def folder(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("STAFETT_DATABASE_URL", raising=False)
    place = tmp_path / "mine"
    assert main(["new", str(place)]) == 0
    assert main(["db", "upgrade", "--config", str(place)]) == 0
    capsys.readouterr()
    return place


def doctor(folder, capsys):
    status = main(["doctor", "--config", str(folder)])
    return status, capsys.readouterr().out


def test_nothing_is_wrong_with_a_new_folder(folder, capsys):
    status, out = doctor(folder, capsys)
    assert (status, [line for line in out.splitlines() if line.startswith("wrong")]) == (0, [])
    assert "STAFETT_HTTP_PUBLIC_URL is not set" in out


def spoil_agreement(folder):
    (folder / "agreement.yaml").write_text("version: 1\nnonsense: true\n")


def spoil_roster(folder):
    (folder / "roster.yaml").write_text("people: 3\n")


def open_store(folder):
    (folder / "stafett.db").chmod(0o644)


def forget_schema(folder):
    (folder / "stafett.db").unlink()


def lose_secret(folder):
    env = folder / ".env"
    env.write_text(
        "\n".join(line for line in env.read_text().splitlines() if not line.startswith("STAFETT_SECRET_CRM"))
    )


def test_a_silent_source_is_wrong_with_what_is_usual(folder, capsys):
    assert "ok     sources: " in doctor(folder, capsys)[1]
    with sqlite3.connect(folder / "stafett.db") as store:
        hour = 3600 * 1_000_000
        now = int(time.time()) // 3600 * hour
        rows = [("web", now - week * 168 * hour - back * hour, 9) for week in range(6) for back in range(6, 12)]
        rows += [("web", now - week * 168 * hour - back * hour, 9) for week in range(1, 6) for back in range(6)]
        store.executemany("INSERT INTO source_hours (source, hour, count) VALUES (?, ?, ?)", rows)
    status, out = doctor(folder, capsys)
    assert status == 1
    assert "wrong  source web: nothing came for 5 hours" in out and "webhooks are set up" in out


@pytest.mark.parametrize(
    ("spoil", "about", "words"),
    [
        (spoil_agreement, "agreement and roster", "agreement.yaml:"),
        (spoil_roster, "agreement and roster", "roster.yaml:"),
        (open_store, "rights of files", "chmod go= "),
        (forget_schema, "store", "stafett db upgrade"),
        (lose_secret, "sources", "STAFETT_SECRET_CRM"),
    ],
)
def test_each_fault_is_told_with_what_to_do(folder, capsys, spoil, about, words):
    spoil(folder)
    status, out = doctor(folder, capsys)
    assert status == 1
    assert f"wrong  {about}: " in out
    assert words in out
