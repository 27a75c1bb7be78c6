"""The role `console`: the API without hooks; and `ingest --hooks-only`: hooks without the API."""

import asyncio

import httpx
import pytest

from services.bootstrap.http import app_of
from services.cli.main import main
from tests.api import bearer, installed


@pytest.fixture
async def ask(tmp_path):
    async with installed(tmp_path) as api:

        async def asked(method, path, **parts):
            transport = httpx.ASGITransport(app=app_of(api.parts, asyncio.Event(), **parts))
            async with httpx.AsyncClient(transport=transport, base_url="http://stafett") as client:
                data = {"email": "anna@example.com"} if method == "POST" else None
                return (await client.request(method, path, data=data, headers=bearer("all"))).status_code

        yield asked


async def test_the_console_serves_the_api_and_takes_no_webhook(ask):
    assert await ask("GET", "/v1/leads", hooks=False) == 200
    assert await ask("GET", "/readyz", hooks=False) == 200
    assert await ask("POST", "/v1/hooks/load", hooks=False) == 404


async def test_hooks_only_take_webhooks_and_show_nothing(ask):
    assert await ask("POST", "/v1/hooks/load", api=False) == 202
    assert await ask("GET", "/v1/leads", api=False) == 404
    assert await ask("GET", "/readyz", api=False) == 200


@pytest.mark.parametrize(
    ("command", "roles"),
    [
        (["console"], ("console",)),
        (["ingest"], ("ingest", "console")),
        (["ingest", "--hooks-only"], ("ingest",)),
        (["relay", "--watch"], ("relay", "housekeeping", "sla")),
    ],
)
def test_a_command_runs_its_roles(monkeypatch, command, roles):
    ran = []

    async def run(_, named):
        ran.append(named)
        return 0

    monkeypatch.setattr("services.cli.up._run", run)
    assert main(command) == 0
    assert ran == [roles]


def test_each_role_tells_its_own_story(capsys):
    told = set()
    for role in ("up", "ingest", "console", "enrich", "router", "relay", "delivery", "alerts"):
        with pytest.raises(SystemExit) as done:
            main([role, "--help"])
        assert done.value.code == 0
        told.add(capsys.readouterr().out.partition("\n\n")[2].partition("\n\n")[0])
    assert len(told) == 8


def test_the_list_of_actions_names_publishing_and_the_watch(capsys):
    for command, words in (("agreement", "let a version rule"), ("sla", "announces what falls due")):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert words in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "sla watch" in " ".join(capsys.readouterr().out.split())
