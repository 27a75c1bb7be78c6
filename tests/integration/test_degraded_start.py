"""Ingest begins while Kafka or PostgreSQL is away, and takes webhooks with the other; neither comes to harm by that."""

import asyncio
import uuid
from contextlib import asynccontextmanager

import httpx
import pytest

from services.adapters.sql.migrate import upgrade
from services.bootstrap.http import app_of, check_brands
from services.bootstrap.parts import parts_of
from services.ports.errors import LogUnavailable, StoreUnavailable
from services.settings.reading import load
from tests.parts.kafka import create_topics
from tests.setups import EXAMPLES

NO_KAFKA = "127.0.0.1:1"
NO_POSTGRES = "postgresql+asyncpg://stafett@127.0.0.1:1/stafett"
PREFIX = f"d{uuid.uuid4().hex[:8]}"
FORM = {"email": "anna@example.com", "form_id": "demo"}


def settings_of(folder, database, brokers):
    (folder / "sources.yaml").write_text(
        "version: 1\nsources:\n  - {name: web, kind: form, region: SE, verify: {scheme: none}}\n"
    )
    (folder / "api_keys.yaml").write_text('{"version": 1, "keys": []}')
    for name in ("agreement.yaml", "roster.yaml"):
        (folder / name).write_text((EXAMPLES / name).read_text())
    given = {
        "CONFIG_FOLDER": str(folder), "DATABASE_URL": database, "LOG_URL": f"kafka://{brokers}",
        "DEPLOYMENT_KEY": "k" * 64, "KAFKA_TOPIC_PREFIX": PREFIX,
    }  # fmt: skip
    return load({f"STAFETT_{name}": value for name, value in given.items()})


@asynccontextmanager
async def ingest(settings):
    async with parts_of(settings, patient=True) as parts:
        await check_brands(parts)
        transport = httpx.ASGITransport(app=app_of(parts, asyncio.Event()), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest", timeout=60) as client:
            yield parts, client


async def test_without_kafka_signals_are_spooled_from_the_first_request_on(tmp_path, postgres_url):
    await upgrade(postgres_url)
    async with ingest(settings_of(tmp_path, postgres_url, NO_KAFKA)) as (parts, client):
        answer = await client.post("/v1/hooks/web", data=FORM)
        assert answer.status_code == 202
        (waiting,) = await parts.store.spool_entries(10)
        assert answer.json()["signals"][0].encode() in waiting.record.value
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")


async def test_without_postgres_signals_go_to_kafka_and_the_store_is_left_alone_until_it_was_looked_at(
    tmp_path, kafka_bootstrap, postgres_url
):
    await create_topics(kafka_bootstrap, [f"{PREFIX}.signals.v1", f"{PREFIX}.thin.v1"])
    async with ingest(settings_of(tmp_path, NO_POSTGRES, kafka_bootstrap)) as (parts, client):
        assert (await client.post("/v1/hooks/web", data=FORM)).status_code == 202
        assert sum((await parts.log.end_offsets(f"{PREFIX}.signals.v1")).values()) == 1
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        with pytest.raises(StoreUnavailable, match="not reached yet"):
            await parts.store.spool([], 10)


async def test_without_both_it_says_503_and_when_to_come_again(tmp_path):
    async with ingest(settings_of(tmp_path, NO_POSTGRES, NO_KAFKA)) as (_, client):
        answer = await client.post("/v1/hooks/web", data=FORM)
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
        assert (await client.get("/readyz")).status_code == 503


async def test_what_was_away_is_started_when_it_is_there(tmp_path, kafka_bootstrap, postgres_url):
    await upgrade(postgres_url)
    await create_topics(kafka_bootstrap, [f"{PREFIX}.signals.v1", f"{PREFIX}.thin.v1"])
    settings = settings_of(tmp_path, postgres_url, NO_KAFKA)
    async with ingest(settings) as (parts, client):
        (start,) = parts.late
        with pytest.raises(LogUnavailable):
            await start()
        assert (await client.post("/v1/hooks/web", data=FORM)).status_code == 202
        parts.log._inner._options["bootstrap_servers"] = [kafka_bootstrap]
        await start()
        await parts.log.check()
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")


async def test_roles_that_need_both_do_not_begin_without_one(tmp_path, postgres_url):
    await upgrade(postgres_url)
    with pytest.raises(LogUnavailable):
        async with parts_of(settings_of(tmp_path, postgres_url, NO_KAFKA)):
            pass
