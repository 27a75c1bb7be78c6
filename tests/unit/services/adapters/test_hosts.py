"""Which of several servers is connected to."""

import asyncpg
import pytest

from services.adapters.sql.hosts import Hosts


@pytest.mark.parametrize(
    "away",
    [
        asyncpg.TargetServerAttributeNotMatched("a standby takes no writes"),
        asyncpg.CannotConnectNowError("it starts"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
async def test_a_server_that_takes_no_writes_or_is_away_is_passed_over_and_the_one_found_is_first_then(
    monkeypatch, away
):
    asked = []

    async def connect(host, **_):
        asked.append(host)
        if host == "db-1":
            raise away
        return f"connection to {host}"

    monkeypatch.setattr("services.adapters.sql.hosts.asyncpg.connect", connect)
    hosts = Hosts()
    for _ in range(2):
        assert await hosts.connect(host=["db-1", "db-2"], port=5432) == "connection to db-2"
    assert asked == ["db-1", "db-2", "db-2"]


async def test_where_none_takes_writes_what_one_said_is_raised(monkeypatch):
    async def connect(**_):
        raise asyncpg.TargetServerAttributeNotMatched("a standby takes no writes")

    monkeypatch.setattr("services.adapters.sql.hosts.asyncpg.connect", connect)
    with pytest.raises(asyncpg.TargetServerAttributeNotMatched):
        await Hosts().connect(host=["db-1", "db-2"], port=5432)
