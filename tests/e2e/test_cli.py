"""The command line where something is not as it should be: one clear line and status 2, never a traceback."""

import json
import logging
import shutil
import socket

import pytest

from services.cli.main import main
from tests.parts.process import free_port
from tests.setups import EXAMPLES

COMMANDS = (
    "dlq list", "events tail --once", "explain lead lead_x", "subscriptions list", "signals", "queues", "agreement show", "db restored",
    "dlq redrive lead_x", "sla recheck x", "command return person=johan --reason r", "sink list", "sink records crm", "router", "relay", "up",
)  # fmt: skip
KEY = "k" * 40


@pytest.fixture
def call(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("STAFETT_DATABASE_URL", f"sqlite:///{tmp_path}/s.db")

    def called(command, **environ):
        for name, value in environ.items():
            monkeypatch.setenv(f"STAFETT_{name}", value)
        status = main([*command.split(), "--config", str(tmp_path)])
        return status, capsys.readouterr().err

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield called
    root.handlers[:] = handlers  # roles configure the logging of their process
    root.setLevel(level)


def refused(found, *words):
    status, said = found
    assert status == 2
    assert len(said.splitlines()) == 1, said
    for word in words:
        assert word in said


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("events tail --once", "db restored", "up")])
def test_without_a_key_the_setting_is_named(call, command):
    refused(call(command), "STAFETT_DEPLOYMENT_KEY: is not set")


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "up"])
def test_without_a_schema_the_command_that_makes_it_is_named(call, command):
    refused(call(command, DEPLOYMENT_KEY=KEY), "stafett db upgrade")


@pytest.mark.parametrize("command", [*COMMANDS, "db upgrade"])
def test_without_its_database_it_says_that_the_store_cannot_be_reached(call, command):
    nowhere = "postgresql://u@127.0.0.1:1/d"
    refused(call(command, DEPLOYMENT_KEY=KEY, DATABASE_URL=nowhere), "cannot be reached")


def test_without_its_kafka_it_says_so(call):
    given = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/d", "LOG_URL": "kafka://127.0.0.1:1"}
    refused(call("topics plan", **given), "Kafka cannot be reached")


def test_without_a_roster_a_role_names_the_file(call, tmp_path):
    assert call("db upgrade")[0] == 0
    refused(call("router", DEPLOYMENT_KEY=KEY), "agreement.yaml", "cannot be read")


@pytest.mark.parametrize("setting", ["HTTP_PORT", "METRICS_PORT"])
def test_a_port_that_somebody_has_is_named(call, tmp_path, monkeypatch, setting):
    for example in EXAMPLES.glob("*.yaml"):
        shutil.copy(example, tmp_path)
    # Ports of our own for what is not tried here, and the collector as it was.
    monkeypatch.setattr("services.bootstrap.running.spare_the_collector", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        port = str(theirs.getsockname()[1])
        given = {"DEPLOYMENT_KEY": KEY, "SECRET_CRM": "whsec_" + "a" * 44, "HTTP_PORT": str(free_port()), setting: port}
        status, said = call("up", **given)
    assert (status, said.splitlines()[-1]) == (2, f"127.0.0.1:{port}: Address already in use")
    assert "started" not in said


def test_a_folder_that_is_not_there_is_no_default_configuration(tmp_path, capsys):
    refused((main(["settings", "--config", str(tmp_path / "no")]), capsys.readouterr().err), "no such folder")


def test_a_role_of_postgresql_with_a_strange_name_is_refused(capsys):
    refused((main(["db", "grants", "a;b"]), capsys.readouterr().err), "no plain name")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({"cases": []}, "calendars: `calendars` is missing, and it is needed"),
        ([1, 2], "must be an object"),
        ({"calendars": {}, "cases": [{"id": "a", "calendar": "x", "start": "2026-01-01T00:00:00Z"}]}, "no calendar x"),
    ],
)
def test_vectors_that_are_something_else_are_refused(tmp_path, capsys, file, said):
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps(file))
    status = main(["sla", "due", "--vectors", str(path)])
    found = capsys.readouterr().err
    assert (status, "Traceback" in found) == (2, False)
    assert said in found


def test_a_pause_that_ends_before_it_begins_is_refused(tmp_path, capsys):
    path = tmp_path / "agreement.yaml"
    assert main(["agreement", "new", str(path)]) == 0
    due = ["sla", "due", "--agreement", str(path), "--policy", "follow-up", "--start", "2026-06-05T16:00:00Z"]
    assert main([*due, "--pause", "2026-06-05T18:00:00Z/2026-06-05T17:00:00Z"]) == 2
    assert "ends before it begins" in capsys.readouterr().err
    assert main([*due, "--pause", "2026-06-05T17:00:00Z/2026-06-05T18:00:00Z"]) == 0


def test_whole_days_are_shown_with_and_without_their_pauses(tmp_path, capsys):
    path = tmp_path / "agreement.yaml"
    assert main(["agreement", "new", str(path)]) == 0
    due = ["sla", "due", "--agreement", str(path), "--policy", "lead-waits", "--start", "2026-11-30T09:00:00+01:00"]
    capsys.readouterr()
    assert main([*due, "--pause", "2026-12-01T08:01:00+01:00/2026-12-01T17:00:00+01:00"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["plain_due_at"] == "2026-12-02T16:00:00.000000Z"
    assert said["due_at"] == "2026-12-03T15:59:00.000000Z"
    assert said["counted_seconds"] == 23 * 3600


def test_a_defect_of_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("services.cli.setting_up.parse.run", lambda _: {}["no"])
    with pytest.raises(KeyError):
        main(["parse", "form"])


def test_ctrl_c_is_no_traceback(monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("services.cli.setting_up.parse.run", interrupted)
    assert main(["parse", "form"]) == 130
