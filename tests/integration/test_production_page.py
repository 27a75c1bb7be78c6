"""What docs/production.md says to type for the configuration, the store and the log, typed on a real PostgreSQL and a real Kafka."""

import json
import os
import re
import shlex
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.parts.postgres import PostgresServer

pytestmark = pytest.mark.real
PAGE = Path(__file__).parents[2] / "docs" / "production.md"


def commands_of(heading):
    """The lines to type below a heading, without their remarks."""
    section = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [line.partition(" #")[0].strip() for line in re.findall(r"^ {4}(\S.*)$", section, re.MULTILINE)]


@pytest.fixture(scope="module")
def server():
    made = PostgresServer().start()
    yield made
    made.close()


def test_what_the_page_says_for_store_and_log_makes_them(server, kafka_bootstrap, tmp_path):
    """Hosts are those of here, and nobody asks for a password; everything else is as it stands there."""
    where = ("-h", server.folder, "-U", "postgres")
    env = os.environ | {
        "STAFETT_KAFKA_TOPIC_PREFIX": f"t{uuid.uuid4().hex[:8]}",
        "STAFETT_KAFKA_REPLICATION_FACTOR": "1",
        "STAFETT_KAFKA_MIN_INSYNC_REPLICAS": "1",
    }

    def stafett(words, **more):
        command = [sys.executable, "-m", "services.cli.main", *words]
        done = subprocess.run(
            command, env={**env, "PYTHONPATH": str(PAGE.parents[1]), **more}, cwd=tmp_path, capture_output=True, text=True,
            timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def type_in(line):
        words = shlex.split(line)
        more = dict(word.split("=", 1) for word in words if re.match(r"STAFETT_\w+=", word))
        words = [word for word in words if not re.match(r"STAFETT_\w+=", word)]
        if "STAFETT_DATABASE_URL" in more:
            (owner, database) = re.fullmatch(r"postgresql://(\w+)@db/(\w+)\?.*", more["STAFETT_DATABASE_URL"]).groups()
            more["STAFETT_DATABASE_URL"] = server.url(database, owner)
        match words[0]:
            case "createuser" | "createdb":
                server.tool(words[0], *where, *(word for word in words[1:] if word != "--pwprompt"))
            case "export":
                if "STAFETT_LOG_URL" in more:
                    assert more["STAFETT_LOG_URL"].startswith("kafka+sasl+ssl://")
                    more["STAFETT_LOG_URL"] = f"kafka://{kafka_bootstrap}"
                # The broker of here asks nobody who they are.
                env.update({name: value for name, value in more.items() if not name.startswith("STAFETT_KAFKA_")})
            case "stafett":
                return stafett(words[1:], **more)
            case setting if (
                words[1] == "="
            ):  # a line of postgresql.conf: the program itself says whether it is one it takes
                server.tool("postgres", "-C", setting, "-D", server.folder, "-c", f"{setting}={' '.join(words[2:])}")
            case _:
                raise AssertionError(f"nobody says how {line} is tried")
        return ""

    lines = commands_of("The configuration") + commands_of("The store and the log")
    assert len(lines) == 12
    printed = "".join(type_in(line) for line in lines)
    assert "stafett_run may use it" in printed and "kafka-acls" not in printed.partition("may use it")[2]
    # What the page says next: the roles come as stafett_run, and everything is in order.
    as_role = {"STAFETT_DATABASE_URL": server.url("stafett", "stafett_run")}
    assert stafett(["topics", "check", "--config", "mine"], **as_role)
    findings = subprocess.run(
        [sys.executable, "-m", "services.cli.main", "doctor", "--json", "--config", "mine"],
        env={**env, "PYTHONPATH": str(PAGE.parents[1]), **as_role}, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    health = {one["about"]: one["health"] for one in map(json.loads, findings.stdout.splitlines())}
    assert {about: health[about] for about in ("store", "rights in the store", "log")} == dict.fromkeys(
        ("store", "rights in the store", "log"), "ok"
    ), findings.stdout
