"""A real OpenTelemetry Collector takes the trace of a webhook: `make traces`. What a collector that is away does is in tests/e2e/test_traces.py."""

import asyncio
import json

from tests.e2e.test_traces import PLANTED, TRACE, Kept, run_a_webhook, server
from tests.parts.otelcol import collector


async def test_a_collector_has_the_whole_trace_and_nothing_of_the_person(tmp_path):
    with collector(tmp_path) as (url, file), server() as receiver:
        place = Kept()
        place.url = url
        await run_a_webhook(tmp_path, place, receiver)
        for _ in range(100):
            if file.exists() and "stafett.delivery" in file.read_text():
                break
            await asyncio.sleep(0.1)
        text = file.read_text()
    scopes = [
        (scope["scope"]["name"], span)
        for line in text.splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert {name for name, _ in scopes} == {f"stafett.{place}" for place in ("ingest", "router", "relay", "delivery")}
    assert {span["traceId"] for _, span in scopes} == {TRACE}
    assert not [word for word in PLANTED if word in text]
