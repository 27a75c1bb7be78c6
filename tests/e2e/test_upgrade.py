"""`stafett upgrade`: what it says of a database that is empty, older, of today or newer, and that it changes nothing unless it is asked to."""

import asyncio
import sqlite3

import pytest

from services.adapters.sql.migrate import upgrade
from services.adapters.sql.tables import HEAD, SERVES
from services.bootstrap.running import ROLES
from services.cli.main import main
from services.cli.operating.upgrade import ORDER, steps_from


@pytest.fixture
def call(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("STAFETT_DATABASE_URL", f"sqlite:///{tmp_path}/s.db")
    monkeypatch.setenv("STAFETT_DEPLOYMENT_KEY", "k" * 40)

    def run_upgrade(*words):
        status = main(["upgrade", *words, "--config", str(tmp_path)])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run_upgrade


def revision(folder):
    with sqlite3.connect(folder / "s.db") as database:
        return database.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def test_an_empty_database_gets_its_schema_when_it_is_asked_for(call, tmp_path):
    status, said = call()
    assert status == 1 and "empty" in said and "stafett upgrade --apply" in said
    assert call("--apply")[0] == 0 and revision(tmp_path) == HEAD
    status, said = call()
    assert status == 0 and "nothing is to do" in said


def test_an_older_one_is_told_the_way_and_changed_only_when_it_is_asked_for(call, tmp_path):
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{tmp_path}/s.db", "0018"))
    status, said = call()
    assert status == 1 and revision(tmp_path) == "0018"
    places = [said.index(word) for word in ("schema 0018", "stafett backup", "--apply", "one by one", "stafett doctor")]
    assert places == sorted(places)
    assert call("--apply")[0] == 0 and revision(tmp_path) == HEAD


def test_one_of_a_newer_version_is_refused_with_the_reason_and_the_way_back(call, tmp_path):
    assert call("--apply")[0] == 0
    with sqlite3.connect(tmp_path / "s.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for words in ((), ("--apply",)):
        status, said = call(*words)
        assert status == 2 and "9999" in said and "backup" in said and "Traceback" not in said
    assert revision(tmp_path) == "9999"


def test_whether_the_version_before_may_begin_beside_it_is_said():
    assert "comes back" in " ".join(steps_from(SERVES, serves=SERVES))
    assert "do not begin" in " ".join(steps_from("0001", serves=SERVES))


def test_each_role_has_its_place_in_the_order():
    assert set(ORDER) == set(ROLES) - {"housekeeping"} and ORDER[-1] == "ingest"


def test_rights_are_given_with_the_schema_alone(call):
    assert call("--grants-to", "stafett_run")[0] == 2
