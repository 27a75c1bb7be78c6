"""The screen People over HTTP, as browsers of people with different roles get it."""

import re

import pytest

from routing.agreement.agreement import compile_agreement
from services.ports.errors import LogUnavailable
from tests.api import bearer, installed
from tests.e2e.test_page import lead_of, read, signed_in
from tests.setups import EXAMPLES


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path) as made:
        yield made


def plain_text(text, row):
    """The words of one row of the table."""
    part = text.partition(f'id="who-{row}"')[2].partition("</tr>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


async def ask(browser, person, action, **fields):
    text = await read(browser, f"/people/{person}")
    csrf = re.search(r'name="csrf" value="([\w-]+)"', text)[1]
    once = re.search(rf'name="once" value="({action}-[\w-]+)"', text)
    return await browser.post(
        f"/people/{person}/{action}", csrf=csrf, data={"once": once[1] if once else "made-up", **fields}
    )


async def test_each_carries_what_the_store_says_and_each_figure_leads_to_its_leads(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    await api.fact(fact="accepted", email="anna@nordhamn.example", id="a1")
    await api.settled()
    async with signed_in(api, "maja") as english, signed_in(api, "maja", "sv") as swedish:
        text = await read(english, "/people")
        assert re.search(r"Elin Sales here Open 1 Overdue 0 Due today \d Kept 1 Broken 0", plain_text(text, "elin"))
        assert re.search(r"Johan Sales here Open 0", plain_text(text, "johan"))
        assert "Elin was given 1, a fair share is 0.4; Johan was given 0, a fair share is 0.4" in text
        assert "Medarbetare" in (swedish_text := await read(swedish, "/people")) and "Rättvisa andelar" in swedish_text
        assert f"/leads/{lead['id']}" in await read(english, "/people/elin")
        kept = await read(english, "/people/elin?show=kept")
        assert f"/leads/{lead['id']}" in kept and "answer, due" in kept
        for path in ("/people/elin?show=broken", "/people/elin?show=kept&week=last", "/people/johan?show=kept"):
            assert f"/leads/{lead['id']}" not in await read(english, path), path


async def test_who_sees_whom(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "elin") as elin, signed_in(api, "lena") as marketing:
        text = await read(elin, "/people")
        assert 'id="who-elin"' in text and 'id="who-johan"' not in text and "Johan" not in text
        assert (await elin.get("/people/johan")).status_code == 404
        assert (await elin.get("/people/nobody")).status_code == 404
        assert 'id="who-johan"' in await read(marketing, "/people")
        assert "They will be away" not in await read(marketing, "/people/johan"), "no manager"
        # The promise stays Elin's when the lead goes to somebody of no team with her, whose lead it is then.
        await api.fact(fact="accepted", email="anna@nordhamn.example", id="a1")
        await api.settled()
        async with signed_in(api, "maja") as maja:
            csrf = await maja.csrf()
            data = {"person": "johan", "reason": "knows them"}
            assert (await maja.post(f"/leads/{lead['id']}/assign", csrf=csrf, data=data)).status_code == 303
        await api.settled()
        kept = await read(elin, "/people/elin?show=kept")
        assert "A lead that is now with Johan" in kept
        assert lead["id"] not in kept and "Anna" not in kept and "Nordhamn" not in kept


async def test_oneself_or_a_manager_says_who_is_away(api):
    async with signed_in(api, "elin") as elin, signed_in(api, "maja") as maja, signed_in(api, "lena") as lena:
        answer = await ask(elin, "elin", "absence", back="2099-01-05", reason="on leave")
        assert (answer.status_code, answer.headers["location"]) == (303, "/people/elin?done=absence")
        text = await read(elin, answer.headers["location"])
        assert "nobody new is given to them" in text and "away until Mon 5 Jan 2099, 00:00 CET" in text
        assert "away until Mon 5 Jan 2099" in plain_text(await read(maja, "/people"), "elin")
        lead = await lead_of(api, email="anna@nordhamn.example")
        assert lead["owner"] != "elin", "nobody new is given to her"
        assert (await ask(maja, "elin", "return")).status_code == 303
        assert "here" in plain_text(await read(maja, "/people"), "elin")
        before = "said-before"
        assert (await ask(maja, "karin", "absence", once=before, back="2099-01-05")).status_code == 303
        csrf = await lena.csrf()
        refused = await lena.post("/people/elin/absence", csrf=csrf, data={"back": "2099-01-05"})
        assert (
            refused.status_code == 409 and "only these may ask for it: Manager, the person themselves" in refused.text
        )
        for fields, words in (
            ({"from": "2099-01-05", "back": "2099-01-04"}, "back before they are away"),
            ({"from": "soon"}, "That is no day"),
            ({"reason": "x" * 301}, "missing or too long"),
            ({"from": "9999-12-31"}, "missing or too long"),
            ({"once": before, "back": "2099-01-06"}, "cannot be done now"),
        ):
            answer = await ask(maja, "johan", "absence", **fields)
            assert answer.status_code == 409 and words in answer.text, fields
        assert (await ask(maja, "johan", "leave")).status_code == 404, "no such button"
        assert (await maja.post("/people/johan/absence", csrf="wrong")).status_code == 403
        assert "here" in plain_text(await read(maja, "/people"), "johan")
    recorded = await api.parts.reading.roster_changes()
    assert recorded.count('"absent"') == 2 and recorded.count('"returned"') == 1


async def test_what_neither_log_nor_spool_can_take_is_asked_for_again_in_a_moment(tmp_path, monkeypatch):
    async def away(_):
        raise LogUnavailable

    async with installed(tmp_path, secrets={"STAFETT_SPOOL_LIMIT": "1"}) as api, signed_in(api, "maja") as maja:
        lead = await lead_of(api, email="anna@nordhamn.example")
        monkeypatch.setattr(api.parts.log, "append", away)
        assert (await ask(maja, "karin", "absence", reason="ill")).status_code == 303, "the spool has room for one"
        csrf = await maja.csrf()
        approval = {"hash": compile_agreement((EXAMPLES / "agreement.yaml").read_text()).hash, "side": "sales"}
        for answer in (
            await ask(maja, "johan", "absence", reason="ill"),
            await maja.post(f"/leads/{lead['id']}/assign", csrf=csrf, data={"person": "johan", "reason": "knows them"}),
            await maja.post("/agreement/approve", csrf=csrf, data=approval),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), answer.url
            assert "please try again in a moment" in answer.text
        command = {"command": "absence", "person": "johan", "reason": "ill"}
        answer = await api.client.post("/v1/commands", json=command, headers=bearer("maja"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["detail"] == "neither log nor spool can take it now"
