"""The whole page, walked link by link as people with different rights: no dead end, no word of ours, nothing heavy, and nothing personal
in an address or a log. A screen that is added is walked by itself."""

import gzip
import logging
import re
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from services.bootstrap.page import new_link
from services.console.language.words import LANGUAGES, words_in
from services.console.navigation import SCREENS
from tests.api import installed
from tests.closed_words import seen_by_nobody, without_agreed_names
from tests.page import Browser
from tests.page_walk import MESSAGE, PERSONAL, read_page, tell_lives, walk

pytestmark = pytest.mark.asyncio(loop_scope="module")
MOST = 100_000
"""Bytes of a page with all its files, compressed."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory):
    async with installed(tmp_path_factory.mktemp("walk")) as made:
        made.leads = await tell_lives(made)
        yield made


@asynccontextmanager
async def somebody(api, person, language="en"):
    browser = Browser(api.app, language=language)
    _, path = await new_link(api.parts, person)
    assert (await browser.get(path)).status_code == 303
    try:
        yield browser
    finally:
        await browser.close()


async def test_every_screen_of_the_navigation_is_walked_and_no_link_leads_nowhere(api):
    async with somebody(api, "maja") as maja:
        pages = await walk(maja)
    paths = {page.path.partition("?")[0] for page in pages}
    assert {screen.path for screen in SCREENS} <= paths and "/me" in paths
    assert len([path for path in paths if path.startswith("/leads/")]) >= 3
    for person in ("maja", "lena", "elin"):
        async with somebody(api, person) as reader:
            refused = [(page.path, page.status) for page in await walk(reader) if page.status != 200]
            assert refused == [], person


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nobody_sees_a_word_of_ours_on_any_screen(api, language):
    hidden = seen_by_nobody(language)
    async with somebody(api, "maja", language) as reader:
        pages = await walk(reader)
        pages += [await read_page(reader, f"/leads/{lead}") for lead in api.leads.values()]
    for page in pages:
        words = without_agreed_names(page.words)
        shown = [words[max(0, m.start() - 60) : m.end() + 40] for m in hidden.finditer(words)]
        assert shown == [], page.path


def is_sentence(text):
    """Whether it has two words besides what is filled in, so that no other text is of its form by chance."""
    return len(re.findall(r"[A-Za-z]{3,}", re.sub(r"%\(\w+\)s", " ", text))) >= 2


async def test_a_page_in_swedish_has_no_text_of_the_english_one(api):
    words = words_in("sv")
    pairs = [*words.texts.items(), *((one, meanings[0]) for one, meanings in words.forms.items())]
    english = [text for text, meaning in pairs if meaning != text and is_sentence(text)]
    patterns = [re.compile(re.sub(r"%\\\(\w+\\\)s", ".+", re.escape(text))) for text in english]
    async with somebody(api, "maja", "sv") as reader:
        pages = await walk(reader)
        pages += [await read_page(reader, f"/leads/{lead}") for lead in api.leads.values()]
    shown = set(without_agreed_names("\n".join({text for page in pages for text in page.own})).split("\n"))
    assert {text for text in shown if any(one.fullmatch(text) for one in patterns)} == set()
    assert len(shown & set(words.texts.values())) > 200


async def test_each_page_is_light_with_all_its_files(api):
    async with somebody(api, "maja") as reader:
        files = {}
        for page in await walk(reader):
            total = len(gzip.compress(page.text.encode()))
            for name in set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)):
                if name not in files:
                    answer = await reader.client.get(name, headers={"accept-encoding": "gzip"})
                    files[name] = int(answer.headers["content-length"])
                total += files[name]
            assert total < MOST, f"{page.path}: {total} bytes"


async def test_nothing_personal_is_in_an_address_or_in_a_line_of_the_log(api, caplog):
    caplog.set_level(logging.DEBUG)
    addresses = []
    async with somebody(api, "maja") as reader:
        for page in await walk(reader):
            addresses += re.findall(
                r'(?:href|src|action|formaction|hx-get|hx-post|hx-sse:connect)="([^"]*)"', page.text
            )
    ours = [one.lower() for one in addresses if not one.startswith(("mailto:", "tel:"))]
    assert len(ours) > 100 and [one for one in ours if any(word in one for word in PERSONAL)] == []
    lines = [str(vars(record)).lower() for record in caplog.records if record.name.startswith(("stafett", "uvicorn"))]
    assert [line for line in lines if any(word in line for word in (*PERSONAL, MESSAGE.lower()))] == []
