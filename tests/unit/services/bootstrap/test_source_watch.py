"""What is wrong with sources, from what the store has."""

import json
from datetime import UTC, datetime, timedelta

from services.bootstrap.source_watch import SourceWatch
from services.bootstrap.traffic import SilenceWatch
from services.observability import metrics

NOW = datetime(2026, 11, 30, 15, 20, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
OFF = "webhooks: what goes to us is switched off there; switch it on"


class Store:
    """Traffic of sources by the hour, and what was found of webhooks."""

    def __init__(self):
        hours = [NOW.replace(minute=0) - WEEK * week - HOUR * n for week in range(6) for n in range(6)]
        self.usual = {hour: 5 for hour in hours if hour < NOW - 4 * HOUR}
        self.findings, self.reads = {"sink/crm": json.dumps([OFF]), "sink/left": '["of a sink that is gone"]'}, 0

    async def by_source(self):
        return {"web": self.usual, "pd": self.usual}

    async def sweep_findings(self, kind):
        assert kind == "webhooks"
        self.reads += 1
        return self.findings


async def test_silence_and_webhooks_of_one_source_are_one_trouble():
    store, times = Store(), [NOW]
    silence = SilenceWatch(store, ["web", "pd"], lambda: times[-1])
    watch = SourceWatch(silence, store, {"sink/crm": "pd"}, lambda: times[-1])
    pipedrive, web = await watch.troubles()
    assert (pipedrive.name, web.name) == ("source/pd", "source/web")
    assert pipedrive.why == f"{web.why}; {OFF}" and pipedrive.since == web.since
    assert 'stafett_source_webhook_problems{source="pd"} 1.0' in metrics.exposition().decode()
    store.usual[NOW.replace(minute=0)] = 1
    times.append(NOW + timedelta(minutes=5))
    (pipedrive,) = await watch.troubles()
    assert (pipedrive.name, pipedrive.why, pipedrive.since, store.reads) == ("source/pd", OFF, None, 2)
    store.findings = {"sink/crm": "[]"}
    times.append(NOW + timedelta(minutes=10))
    assert await watch.troubles() == []
    assert 'stafett_source_webhook_problems{source="pd"} 0.0' in metrics.exposition().decode()
