"""The screen Agreement over HTTP: what rules, what is proposed and approved, as people of both sides get it."""

import html
import re
from datetime import timedelta

import pytest

from routing.agreement.agreement import compile_agreement
from services.adapters.sql.agreements import Agreements
from services.rules.publications import BEGINNING, Publication, agreement_row, write
from tests.api import installed
from tests.e2e.test_page import read, signed_in
from tests.setups import EXAMPLES

FIRST = (EXAMPLES / "agreement.yaml").read_text()
NEXT = FIRST.replace("target: 24h elapsed", "target: 8h elapsed").replace("agreement 2026", "agreement 2027")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path) as made:
        yield made


def words(text):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


async def propose(browser, text):
    return await browser.post("/agreement/proposal", csrf=await browser.csrf(), data={"text": text})


async def approve(browser, answer, **fields):
    """By the form that the page of the proposal has."""
    found = re.search(r'name="hash" value="(\w+)"><input type="hidden" name="once" value="([\w-]+)"', answer.text)
    data = {"hash": found[1], "once": found[2], **fields}
    return await browser.post("/agreement/approve", csrf=await browser.csrf(), data=data)


async def test_everybody_reads_what_rules_in_sentences_of_their_language(api):
    async with signed_in(api, "sara") as sdr, signed_in(api, "elin", "sv") as swedish:
        text = words(await read(sdr, "/agreement"))
        for line in (
            "Nordlys smarketing agreement 2026",
            "rules now",
            "Call or write: within 24 h, from the hand-over on.",
            "signed by nobody here",
        ):
            assert line in text, line
        assert "Look at a new version" not in text, "an SDR signs for no side"
        swedish_text = words(await read(swedish, "/agreement"))
        assert (
            "Ring eller skriv: inom 24 tim, från överlämningen." in swedish_text
            and "Titta på en ny version" in swedish_text
        )
        digest = compile_agreement(FIRST).hash
        assert await read(sdr, f"/agreement/{digest[:12]}/agreement.yaml") == FIRST
        for path in ("/agreement/000000000000", "/agreement/x", "/agreement/proposal", "/agreement/x/agreement.yaml"):
            assert (await sdr.get(path)).status_code == 404, path


async def test_a_new_version_is_read_before_it_is_approved_by_each_side_for_itself(api):
    async with signed_in(api, "lena") as lena, signed_in(api, "elin") as elin, signed_in(api, "maja") as maja:
        answer = await propose(lena, NEXT.replace("\n", "\r\n"))
        text = words(answer.text)
        assert answer.status_code == 200 and "Nordlys smarketing agreement 2027" in text
        assert "no more: Call or write: within 24 h, from the hand-over on. now: Call or write: within 8 h" in text
        assert "sla.policies.follow-up.target" in text and "For which side marketing A word" in text
        first = await approve(lena, answer, side="marketing", reason="as agreed on Monday")
        assert (first.status_code, first.headers["location"]) == (303, "/agreement?done=approve")
        text = words(await read(lena, first.headers["location"]))
        assert "Noted: you approved it." in text and "Lena approved for marketing" in text
        assert "Nobody has approved it for sales yet." in text
        again = await propose(lena, NEXT)
        assert "Approve it for your side" not in again.text, "she has, and the other side is not hers"
        other = await propose(elin, NEXT)
        assert "as agreed on Monday" in other.text and "For which side sales A word" in words(other.text)
        # A form that somebody changed by hand comes to nothing more than they may.
        wrong = await approve(elin, other, side="marketing")
        assert (
            wrong.status_code == 409 and "you are not among those who approve the agreement for that side" in wrong.text
        )
        assert (await approve(elin, other, side="sales")).status_code == 303
        assert "Both sides approved it" in words(await read(maja, "/agreement"))
    digest = compile_agreement(NEXT).hash
    given = [
        (one.hash, one.side, one.person, one.principal) for one in await Agreements(api.parts.store.engines).approvals()
    ]
    assert given == [(digest, "marketing", "lena", "page/lena"), (digest, "sales", "elin", "page/elin")]


async def test_who_signs_for_no_side_proposes_and_approves_nothing(api):
    digest = compile_agreement(NEXT).hash
    async with signed_in(api, "sara") as sdr, signed_in(api, "maja") as maja:
        assert (await propose(sdr, NEXT)).status_code == 404
        data = {"hash": digest, "side": "sales"}
        assert (await sdr.post("/agreement/approve", csrf=await sdr.csrf(), data=data)).status_code == 404
        for fields in ({"hash": "short"}, {"side": "both"}, {"reason": "x" * 301}):
            answer = await maja.post("/agreement/approve", csrf=await maja.csrf(), data={**data, **fields})
            assert answer.status_code == 409 and "missing or too long" in answer.text, fields
        assert (await maja.post("/agreement/approve", csrf="wrong", data=data)).status_code == 403
        assert (
            await maja.post("/agreement/approve", csrf=await maja.csrf(), data=data, origin="https://evil.example")
        ).status_code == 403
    assert await Agreements(api.parts.store.engines).approvals() == []


async def test_what_cannot_rule_is_told_with_its_lines_and_what_others_wrote_is_never_markup(api):
    async with signed_in(api, "maja") as maja:
        for text, problem in (
            ("", "agreement.yaml"),
            (FIRST.replace("target: 24h elapsed", "target: soon"), "target"),
            (FIRST.replace("pool: field", "pool: nowhere"), "is not in the roster"),
            (FIRST.replace("'demo' in signal.tags", "tags"), "definitions.sales_qualified"),
            (f"title: {HOSTILE}\n{HOSTILE}: 1", "agreement.yaml"),
        ):
            answer = await propose(maja, text)
            assert answer.status_code == 422 and "It cannot rule as it is" in answer.text, problem
            assert problem in answer.text and HOSTILE not in answer.text
            assert "Approve it for your side" not in answer.text
        answer = await propose(maja, FIRST.replace("Nordlys smarketing agreement 2026", HOSTILE))
        assert answer.status_code == 200 and HOSTILE not in answer.text and html.escape(HOSTILE) in answer.text


async def publish(api, *versions):
    """As `stafett agreement publish` does, each from its instant."""
    now, store = api.parts.now(), Agreements(api.parts.store.engines)
    first = compile_agreement(FIRST)
    known = [Publication(hash=first.hash, title=first.file.title, effective_from=BEGINNING, published_at=BEGINNING)]
    files = {first.hash: agreement_row(first, FIRST, now, now)}
    for text, hours in versions:
        made, at = compile_agreement(text), now + timedelta(hours=hours)
        files[made.hash] = agreement_row(made, text, now, at)
        signed = {"marketing": "lena", "sales": "maja"}
        known.append(
            Publication(hash=made.hash, title=made.file.title, effective_from=at, published_at=now, approvals=signed)
        )
    assert await store.publish(None, write(known), files, now)


async def test_a_published_agreement_is_compiled_for_the_first_page_and_not_for_each(api, monkeypatch):
    await publish(api, (NEXT, -1))
    async with signed_in(api, "maja") as maja:
        assert "within 8 h" in words(await read(maja, "/agreement"))
        compiled = []
        monkeypatch.setattr("services.rules.publications.compile_row", lambda digest, row: compiled.append(digest))
        for path in ("/", "/people", "/people/elin", "/agreement"):
            await read(maja, path)
        assert compiled == []


async def test_what_is_published_for_when_and_what_it_says_otherwise(api):
    later = NEXT.replace("max_offers: 3", "max_offers: 5")
    await publish(api, (NEXT, -1), (later, 48))
    first, second, third = (compile_agreement(one).hash[:12] for one in (FIRST, NEXT, later))
    async with signed_in(api, "elin") as elin:
        text = words(await read(elin, "/agreement"))
        assert f"Version {second}, rules since" in text and "Signed: Lena for marketing and Maja for sales" in text
        assert "within 8 h" in text and f"{third} will rule from" in text and f"{first} ruled at first" in text
        text = words(await read(elin, f"/agreement/{third}"))
        assert f"What it says otherwise than {second}" in text
        assert "now: A lead is offered to 5 people at most" in text and "Call or write: within 24 h" not in text
        text = words(await read(elin, f"/agreement/{third}?than={first}"))
        assert "no more: Call or write: within 24 h" in text and "offered to 3 people" in text
        assert "Back to this version?" in words(await read(elin, f"/agreement/{first}"))
