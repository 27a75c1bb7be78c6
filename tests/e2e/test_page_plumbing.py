"""The screen Plumbing, as those who run it meet it: what was set aside is shown, and what they ask for happens."""

import json
import re

import pytest

from services.ports.rows import RecordOut
from tests.api import installed
from tests.e2e.test_page import read, signed_in
from tests.setups import EXAMPLES

NORA = "  - id: nora\n    roles: [manager]\n    brands: [another]\n\npools:"


@pytest.fixture
async def api(tmp_path):
    roster = (EXAMPLES / "roster.yaml").read_text().replace("\npools:", NORA, 1)
    async with installed(tmp_path, files={"roster.yaml": roster}) as made:
        yield made


async def ask(browser, action, name):
    text = await read(browser, "/plumbing")
    csrf = re.search(r'name="csrf" value="([\w-]+)"', text)[1]
    return await browser.post(f"/plumbing/{action}", csrf=csrf, data={"name": name})


def plain_text(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.partition("<main")[2]))


async def post_unclear(api, source="cloud", body=b'{"when": "today", "anna_ek": 1}'):
    answer = await api.client.post(f"/v1/hooks/{source}", content=body, headers={"content-type": "application/json"})
    (entry,) = answer.json()["quarantined"]
    return entry


async def test_all_is_well_where_nothing_happened_and_only_who_runs_it_sees_it(api):
    async with signed_in(api, "maja") as maja, signed_in(api, "elin") as elin, signed_in(api, "lena") as lena:
        text = plain_text(await read(maja, "/plumbing"))
        for words in ("all that came was processed", "all that came was understood", "every signal did what it means"):
            assert words in text
        assert "Plumbing" in text
        for other in (elin, lena):
            assert "/plumbing" not in await read(other)
            for path in ("/plumbing", "/plumbing/signals"):
                assert (await other.get(path)).status_code == 404


async def test_a_signal_that_cannot_be_processed_is_tried_again_and_comes_back(api):
    topic = api.parts.settings.topic("signals")
    await api.parts.log.append([RecordOut(topic, b"k", b"{")])
    await api.settled()
    (letter,) = await api.parts.reading.dead_letters("dead")
    async with signed_in(api, "maja") as maja:
        text = await read(maja, "/plumbing")
        assert letter.reason in plain_text(text) and f'value="{letter.id}"' in text
        answer = await ask(maja, "redrive", letter.id)
        assert (answer.status_code, answer.headers["location"]) == (303, "/plumbing?done=redrive")
        assert "It is tried again" in await read(maja, answer.headers["location"])
        await api.settled()
        (again,) = await api.parts.reading.dead_letters("dead")
        assert again.origin != letter.origin, "the router had it once more"
        refused = await ask(maja, "redrive", letter.id)
        assert refused.status_code == 409 and "that was done already" in refused.text
        assert (await ask(maja, "redrive", "lead_nobody")).status_code == 404
    async with signed_in(api, "nora") as nora:
        assert again.id not in await read(nora, "/plumbing")
        assert (await ask(nora, "redrive", again.id)).status_code == 404
    assert len(await api.parts.reading.dead_letters("dead")) == 1


async def test_a_body_is_read_again_once_its_source_is_corrected(api):
    fact = {"fact": "form.submitted", "email": "anna@example.com", "form_id": "demo", "id": "1"}
    entry = await post_unclear(api, body=json.dumps(fact).encode())
    async with signed_in(api, "maja") as maja, signed_in(api, "nora") as nora:
        text = await read(maja, "/plumbing")
        assert entry in text and "cloud" in plain_text(text) and "anna@example.com" not in text
        unclear = await ask(maja, "reread", entry)
        assert unclear.status_code == 409 and "That cannot be done now" in unclear.text
        assert (await ask(nora, "reread", entry)).status_code == 404
        assert entry not in await read(nora, "/plumbing")
        sources = api.parts.settings.path(api.parts.settings.files.sources)
        sources.write_text(sources.read_text().replace("kind: cloudevents", "kind: crm"))
        from services.bootstrap.http import app_of

        maja.client._transport.app = app_of(api.parts, api.stopping)
        assert (await ask(maja, "reread", entry)).status_code == 303
        await api.settled()
        assert len((await api.get("/v1/leads", email="anna@example.com"))["leads"]) == 1
        assert entry not in await read(maja, "/plumbing")


async def test_many_bodies_are_shown_in_pages(api):
    entries = {await post_unclear(api, body=json.dumps({"n": n}).encode()) for n in range(22)}
    async with signed_in(api, "maja") as maja:
        first = await read(maja, "/plumbing")
        second = await read(maja, re.search(r'href="(/plumbing\?before=[^"]+)"', first)[1])
        seen = [set(re.findall(r'value="(qua_\w+)"', text)) for text in (first, second)]
        assert (len(seen[0]), len(seen[1])) == (20, 2) and seen[0] | seen[1] == entries
        for strange in ("x", "1.", "9" * 40 + ".q", "-1.q"):
            assert (await maja.get(f"/plumbing?before={strange}")).status_code == 200


async def test_what_came_to_nothing_is_counted_and_listed_with_why(api):
    await api.fact(fact="accepted", email="nobody@example.com", id="a1")
    await api.settled()
    async with signed_in(api, "maja") as maja, signed_in(api, "nora") as nora:
        text = await read(maja, "/plumbing")
        assert "nobody known is named" in plain_text(text)
        url = re.search(r'href="(/plumbing/signals\?[^"]+)"', text)[1].replace("&amp;", "&")
        listed = await read(maja, url)
        assert (
            "About nobody we know: nobody known is named" in plain_text(listed) and "nobody@example.com" not in listed
        )
        assert "nobody known" not in plain_text(await read(nora, "/plumbing"))
        assert "nobody known" not in plain_text(await read(nora, url))
        for strange in ("since=x", "since=2026-01-01", "after=9.x", "outcome=x", f"source={'x' * 400}"):
            assert (await maja.get(f"/plumbing/signals?{strange}")).status_code == 200, strange
        for end in (
            "0001-01-01T00:00:00%2B10:00",
            "9999-12-31T23:59:00Z",
            "9999-12-31T23:59:00-10:00",
            "1970-01-01T00:00:00Z",
        ):
            assert "nobody known" in plain_text(await read(maja, f"/plumbing/signals?since={end}")), (
                "as if none was named"
            )


async def test_who_is_paused_is_shown_and_goes_on_when_it_is_resumed(api):
    for name in ("sink/erp", "watch"):
        await api.parts.deliveries.fan_out(name, lambda *_: True, api.parts.now())
        await api.parts.deliveries.disable(name, "it answered 410 Gone")
    async with signed_in(api, "maja") as maja, signed_in(api, "nora") as nora:
        text = plain_text(await read(maja, "/plumbing"))
        assert text.count("paused: it is sent nothing") == 2 and "it answered 410 Gone" in text
        assert "watch" not in await read(nora, "/plumbing"), "it gets the events of every brand"
        assert (await ask(nora, "enable", "watch")).status_code == 404
        assert (await ask(nora, "resume", "erp")).status_code in (404, 409)
        assert (await ask(maja, "resume", "erp")).headers["location"] == "/plumbing?done=resume"
        assert (await ask(maja, "resume", "nothing")).status_code == 409
        assert (await ask(maja, "enable", "watch")).status_code == 409, "no file and no command knows it"
        disabled = {state.subscription: state.disabled for state in await api.parts.deliveries.states()}
        assert disabled == {"sink/erp": None, "watch": "it answered 410 Gone"}
        assert (await maja.post("/plumbing/drop", csrf=await maja.csrf(), data={"name": "erp"})).status_code == 404
