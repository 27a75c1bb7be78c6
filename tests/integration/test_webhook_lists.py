"""A vendor's list of webhooks over real HTTP, by the guarded client, into a real store, and out of it as what somebody is told."""

from datetime import timedelta

import httpx
import pytest

from services.adapters.sql.sinks import SqlSinks
from services.adapters.sql.store import SqlStore
from services.bootstrap.source_watch import SourceWatch
from services.bootstrap.traffic import SilenceWatch
from services.sinks.http import Endpoint, HttpCaller
from services.sinks.limits import Usual, allowance_of
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.webhooks import EVERY, Hook, WebhookWatch
from services.sinks.vendors.pipedrive import Pipedrive
from tests.parts.sqlite import migrated_file
from tests.parts.vendors.faults import COMMIT_THEN_DROP, HTML_403, UNAVAILABLE
from tests.parts.vendors.pipedrive import TOKEN, PipedriveApi, add_webhook
from tests.parts.vendors.server import serve
from tests.sinks import NOW
from tests.unit.services.sinks.vendors.test_pipedrive import sink

HOOK = Hook("/v1/hooks/pd", "https://leads.example.com")


@pytest.fixture
def api():
    return PipedriveApi()


@pytest.fixture
def url(api):
    with serve(api) as address:
        yield address


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    yield made
    await made.close()


class Nothing:
    """No source has sent anything yet."""

    async def by_source(self):
        return {}


@pytest.mark.parametrize("fault", [UNAVAILABLE, HTML_403, COMMIT_THEN_DROP])
async def test_a_webhook_that_was_switched_off_is_told_until_it_is_on_whatever_fails_meanwhile(store, api, url, fault):
    times = [NOW]
    sweeps = SqlSinks(store.engines)
    sources = SourceWatch(
        SilenceWatch(Nothing(), ["pd"], lambda: times[-1]), sweeps, {"sink/crm": "pd"}, lambda: times[-1]
    )

    async def told():
        times.append(times[-1] + EVERY)
        await watch.look()
        return [trouble.why for trouble in await sources.troubles()]

    async with httpx.AsyncClient(trust_env=False) as client:
        watch = WebhookWatch("sink/crm", vendor(client, url), HOOK, sweeps=sweeps, now=lambda: times[-1])
        assert "none there goes to" in (await told())[0]
        add_webhook(api, str(HOOK), is_active=0)
        assert "switched off" in (await told())[0]
        api.plan.once(fault, "list webhooks")
        assert "switched off" in (await told())[0]
        api.webhooks[0]["is_active"] = 1
        assert await told() == []
    assert api.violations == []


async def test_the_guard_holds_for_the_list_too(api, url):
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(Trouble, match="address_is_not_public"):
            await vendor(client, url, allow_private=False).webhooks()
    assert api.log == []


def vendor(client, url, *, allow_private=True):
    allowance = allowance_of(sink().limits, Usual())
    caller = HttpCaller(client, Endpoint(url, 5.0, allow_private), allowance, lambda: NOW + timedelta(days=1))
    return Pipedrive(sink(), caller, TOKEN, lambda: NOW)
