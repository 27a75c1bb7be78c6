"""`stafett events tail`: from the end on unless told otherwise, as `tail` does."""

import asyncio
import json

import pytest

from services.cli.main import main
from tests.setups import setup, signal


@pytest.fixture
def tail(tmp_path, request, capsys, monkeypatch):
    async def given():
        async with setup("sqlite-embedded", request, tmp_path) as made:
            await made.give(signal(1, "form.submitted"))
            return await made.reading.head()

    head = asyncio.run(given())
    assert head > 2
    monkeypatch.setenv("STAFETT_DATABASE_URL", f"sqlite:///{tmp_path}/s.db")

    def told(*words):
        assert main(["events", "tail", "--once", "--config", str(tmp_path), *words]) == 0
        return [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]

    return head, told


def test_it_begins_at_the_end_at_the_start_or_after_a_position(tail):
    head, told = tail
    assert told() == []
    whole = told("--from-start")
    assert len(whole) == head
    assert told("--after", "2") == whole[2:]
    with pytest.raises(SystemExit):
        told("--after", "2", "--from-start")
