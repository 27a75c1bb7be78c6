"""The screen Flow over HTTP: figures of today, each with the leads behind it, for who may see them."""

import asyncio
import re
from datetime import timedelta

import pytest

from services.console.flow.tally import Tally
from tests.api import installed
from tests.e2e.test_page import lead_of, read, signed_in
from tests.setups import EXAMPLES

NORA = "  - id: nora\n    roles: [manager]\n    brands: [another]\n\npools:"


@pytest.fixture
async def api(tmp_path):
    roster = (EXAMPLES / "roster.yaml").read_text().replace("\npools:", NORA, 1)
    async with installed(tmp_path, files={"roster.yaml": roster}) as made:
        yield made


def plain_text(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.partition("<main")[2]))


def link_to(text, words):
    """The address of the figure in the row of these words."""
    row = next(
        row for row in re.findall(r"<tr role=\"row\">.*?</tr>", text, re.DOTALL) if words in plain_text(f"<main{row}")
    )
    return re.search(r'href="([^"]+)"', row)[1].replace("&amp;", "&")


async def test_each_figure_of_today_opens_the_leads_behind_it(api):
    await lead_of(api, email="anna@nordhamn.example")
    bo = await lead_of(api, email="bo@fjordkraft.example", name="Bo Lind", company="Fjordkraft AS")
    await api.fact(fact="rejected", email="bo@fjordkraft.example", id="r1", reason="wrong timing")
    await api.settled()
    async with signed_in(api, "maja") as maja, signed_in(api, "lena", "sv") as lena:
        text = await read(maja, "/flow")
        assert "What is usual on a" in plain_text(text) and "is not known yet" in plain_text(text)
        for words, names in (
            ("load", ("Anna Ek", "Bo Lind")),
            ("offered to sales", ("Anna Ek", "Bo Lind")),
            ("given back: wrong timing", ("Bo Lind",)),
            ("Handed over → Being nurtured", ("Bo Lind",)),
        ):
            listed = await read(maja, link_to(text, words))
            found = [name for name in ("Anna Ek", "Bo Lind") if name in listed]
            assert found == list(names), words
            assert f"/leads/{bo['id']}" in listed
        assert "återlämnade: wrong timing" in plain_text(await read(lena, "/flow"))


async def test_who_does_not_see_all_leads_sees_no_figures_and_of_a_brand_only_its_own(api):
    await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "elin") as elin, signed_in(api, "nora") as nora, signed_in(api, "maja") as maja:
        for path in ("/flow", "/flow/leads?kind=in&of=load"):
            assert (await elin.get(path)).status_code == 404
        assert "/flow" not in await read(elin)
        assert "of=load" in await read(maja, "/flow") and "of=load" not in await read(nora, "/flow")
        assert "None here." in plain_text(await read(nora, "/flow/leads?kind=in&of=load"))


async def test_what_comes_meanwhile_is_in_the_next_look_and_another_day_stands_still(api):
    await lead_of(api, email="anna@nordhamn.example")
    yesterday = (api.parts.now() - timedelta(days=2)).date().isoformat()
    async with signed_in(api, "maja") as maja:
        first = await read(maja, "/flow")
        await lead_of(api, email="bo@fjordkraft.example", name="Bo Lind")
        second = await read(maja, "/flow")
        number = re.compile(r"<b>(\d+)</b><span>came in")
        assert (number.search(first)[1], number.search(second)[1]) == ("1", "2")
        earlier = await read(maja, f"/flow?day={yesterday}")
        assert 'hx-sse:connect="/live' in second and 'hx-sse:connect="/live' not in earlier
        assert number.search(earlier)[1] == "0" and "Today" in plain_text(earlier)


async def test_a_long_list_is_read_in_pages_and_strange_addresses_are_answered(api, monkeypatch):
    monkeypatch.setattr("services.console.flow.screen.LISTED", 2)
    monkeypatch.setattr("services.console.flow.screen.LOOKED_AT", 3)
    for number in range(5):
        await lead_of(api, email=f"p{number}@kund.example", name=f"Person {number}")
    async with signed_in(api, "maja") as maja:
        seen, url = [], "/flow/leads?kind=in&of=*"
        while url:
            text = await read(maja, url)
            seen += re.findall(r"Person \d", text)
            found = re.search(r'href="([^"]+)" rel="next"', text)
            url = found[1].replace("&amp;", "&") if found else None
        assert seen == [f"Person {number}" for number in (4, 3, 2, 1, 0)]
        for query in ("day=x", "day=2999-01-01", "day=0001-01-01", "day=2026-02-30"):
            assert (await maja.get(f"/flow?{query}")).status_code == 200, query
        for query, status in (("", 404), ("kind=x", 404), (f"kind=in&of={'x' * 999}", 404), ("kind=in&of=*&before=x", 200), ("kind=in&of=%00", 404), ("kind=moved&of=x&to=y", 404), ("kind=moved&of=*", 404), ("kind=moved&to=deal", 200)):  # fmt: skip
            assert (await maja.get(f"/flow/leads?{query}")).status_code == status, query


async def test_figures_that_take_long_are_announced_within_a_second_and_shown_once_they_are_there(api, monkeypatch):
    await lead_of(api, email="anna@nordhamn.example")
    figures, asked = Tally.figures, []

    async def slow_figures(self, whose, day, now):
        asked.append(day)
        await asyncio.sleep(2)
        return await figures(self, whose, day, now)

    monkeypatch.setattr(Tally, "figures", slow_figures)
    async with signed_in(api, "maja") as maja:
        begun = asyncio.get_running_loop().time()
        first = await maja.client.get("/flow")
        assert asyncio.get_running_loop().time() - begun < 1.4
        assert "The figures are being computed." in first.text and 'hx-get="/flow?day=' in first.text
        part = await maja.client.get("/flow?part=flow")
        assert (part.status_code, part.headers["retry-after"]) == (503, "3"), (
            "an open page keeps what it shows and asks again"
        )
        assert "offered to sales" in await read(maja, "/flow")
        assert len(asked) == 1, "the page asks for the same figures again, and they are computed once"
