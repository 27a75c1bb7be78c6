"""The port `SourceTraffic`, on both engines."""

from datetime import UTC, datetime, timedelta

from services.adapters.sql.traffic import SqlSourceTraffic

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)


async def test_counts_of_several_processes_add_up_by_source_and_hour(store):
    traffic = SqlSourceTraffic(store.engines)
    assert await traffic.by_source() == {}
    await traffic.add({("web", NOW): 3, ("web", NOW - HOUR): 1, ("crm", NOW): 2}, NOW - 24 * HOUR)
    await traffic.add({("web", NOW): 4}, NOW - 24 * HOUR)
    await traffic.add({}, NOW)
    assert await traffic.by_source() == {"web": {NOW: 7, NOW - HOUR: 1}, "crm": {NOW: 2}}


async def test_what_is_older_than_is_needed_goes(store):
    traffic = SqlSourceTraffic(store.engines)
    await traffic.add({("web", NOW - 48 * HOUR): 1, ("crm", NOW - 48 * HOUR): 1}, NOW - 72 * HOUR)
    await traffic.add({("web", NOW): 1}, NOW - 24 * HOUR)
    assert await traffic.by_source() == {"web": {NOW: 1}, "crm": {NOW - 48 * HOUR: 1}}
