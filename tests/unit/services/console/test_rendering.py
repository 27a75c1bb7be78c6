"""Templates: what comes from outside is text, whatever it is; no template says otherwise, and none has code or style within."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.console.board.query import BoardQuery
from services.console.board.rows import Summary, WaitingRow
from services.console.language.reader import reader_of
from services.console.navigation import SCREENS
from services.console.rendering import TEMPLATES, Pages
from services.console.signed_in import RIGHTS, SignedIn
from services.console.static_files import FOLDER, StaticFiles

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7777 * 7777 }}"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ALL = sorted(TEMPLATES.glob("*.html"))


def somebody(**changes):
    plain = SignedIn(
        person="maja",
        name="Maja",
        roles=frozenset({"manager"}),
        rights=RIGHTS["manager"],
        teams=frozenset(),
        colleagues=frozenset({"maja"}),
        brands=None,
        language="en",
        zone="Europe/Stockholm",
        csrf="token",
        expires_at=NOW + timedelta(hours=1),
    )
    return plain._replace(**changes)


@pytest.mark.parametrize("template", ["now.html", "wall.html"])
def test_every_text_of_a_row_is_shown_as_it_was_written(template):
    texts = {name: HOSTILE for name in WaitingRow._fields if name not in ("why", "due_ms", "urgency")}
    row = WaitingRow(**texts | {"why": [HOSTILE], "due_ms": 1, "urgency": "later"})
    answer = Pages(StaticFiles()).render(
        template,
        reader_of("en", "Europe/Stockholm", NOW),
        somebody(name=HOSTILE),
        rows=[row, row._replace(owner=None)],
        summary=Summary(HOSTILE, "1", "2", "3"),
        query=BoardQuery(owner=HOSTILE),
        following=None,
        filters=[],
        head=1,
        lead=None,
    )
    text = answer.body.decode()
    assert "<script>alert" not in text and "<img src=x" not in text and "60481729" not in text
    assert text.count("&lt;script&gt;") >= 4


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_a_template_marks_nothing_as_safe_and_has_no_code_or_style_within(path):
    text = path.read_text()
    assert not re.search(r"\|\s*safe|autoescape|Markup|\bstyle=|<style|\son\w+=|javascript:|hx-on|hx-vals|js:", text)
    assert not re.search(r"<script(?![^>]* src=)", text)


def test_what_is_between_back_quotes_is_a_command_and_nothing_is_markup():
    reader = reader_of("en", "UTC", NOW)
    answer = Pages(StaticFiles()).render("notice.html", reader, None, title=HOSTILE, texts=["a <b> `c&d` e"], ways=[])
    text = answer.body.decode()
    assert "<p>a &lt;b&gt; <code>c&amp;d</code> e</p>" in text and "<script" not in text, "nobody's page runs nothing"
    assert "<nav" not in text and "Times are" not in text


def test_every_screen_of_the_navigation_has_a_path_of_its_own():
    assert len({screen.path for screen in SCREENS}) == len(SCREENS)


def test_the_files_of_others_are_those_that_their_digests_name():
    from hashlib import sha256

    folder = FOLDER / "htmx"
    listed = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    there = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.name != "SHA256SUMS"}
    assert there == listed and "Zero-Clause BSD" in (folder / "LICENSE").read_text()


def test_a_file_is_named_by_what_it_holds():
    files = StaticFiles()
    assert re.fullmatch(r"/assets/[0-9a-f]{16}/htmx/htmx\.min\.js", files.url("htmx/htmx.min.js"))
    assert sum(files.size(name) for name in ("console.css", "console.js", "htmx/htmx.min.js", "htmx/hx-sse.min.js")) < 40_000  # fmt: skip
    with pytest.raises(KeyError):
        files.url("htmx/LICENSE")


def test_what_is_prepared_is_every_template_so_that_no_first_view_compiles_one():
    pages = Pages(StaticFiles())
    assert not pages._environment.cache
    pages.prepare()
    assert len(pages._environment.cache) == len(list(TEMPLATES.glob("*.html"))) > 20
