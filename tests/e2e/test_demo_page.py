"""`stafett demo --page`: days of history by the real parts, five lines that say what happened, links that sign in, and nothing left behind."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

LINES = (
    r"From \w{3} \d+ \w{3} \d\d:\d\d CES?T to \w{3} \d+ \w{3} \d\d:\d\d CES?T, (?P<came>\d+) people came in: .*\.",
    r"(?P<offered>\d+) (?:was|were) handed over to sales.*\.",
    r"\d+ of \d+ (?:was|were) called within the 24 hours that were promised; of all promises \d+ (?:was|were) broken, and somebody was told of each\.",
    r"(Nobody has bought yet\.|\d+ bought for [\d,]+ SEK, the last one .* on \w{3} \d+ \w{3} \d\d:\d\d CES?T\.)",
    r"Now (?P<wait>\d+) (?:waits|wait) for somebody, (?P<overdue>\d+) of them overdue; \d+ webhooks came in, (?P<events>\d+) events went out, and .*",
)
READY = "It goes on from here as time passes"


@pytest.mark.timeout(300)
def test_the_page_of_the_demo_shows_what_the_five_lines_say_and_leaves_nothing_behind(tmp_path):
    command = [sys.executable, "-m", "services.cli.main", "demo", "--page", "--days", "3"]
    where = {"cwd": Path(__file__).parents[2], "env": os.environ | {"TMPDIR": str(tmp_path)}}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **where) as demo:
        try:
            said = read_until(demo, READY)
            told = five_lines_of(said)
            look_at_pages(said, told)
            assert 0 <= events_in(tmp_path) - told["events"] < 50, "what fell due is told as well"
        finally:
            demo.send_signal(signal.SIGINT)
            rest = demo.stdout.read()
    assert demo.returncode == 0, rest
    assert list(tmp_path.iterdir()) == [], "something was left behind"


def events_in(folder):
    """How many went out, as the store has them."""
    (store,) = folder.glob("stafett-demo-*/demo/stafett.db")
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        return db.execute("SELECT max(position) FROM events").fetchone()[0]


def read_until(demo, words):
    said = ""
    for line in demo.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(said)


def five_lines_of(said):
    """What the five lines name, by the names in LINES."""
    lines = said.partition("in five lines\n")[2].partition("\n\n")[0].splitlines()
    assert len(lines) == len(LINES), said
    found = {}
    for line, pattern in zip(lines, LINES, strict=True):
        match = re.fullmatch(pattern, line.strip())
        assert match, line
        found |= {name: int(number) for name, number in match.groupdict().items()}
    assert found["came"] > 0
    return found


def look_at_pages(said, told):
    links = re.findall(r"http://127\.0\.0\.1:\d+/sign-in/link/\S+", said)
    assert len(links) == 3
    with httpx.Client(timeout=60, follow_redirects=True) as maja:
        now = maja.get(links[0])
        assert now.status_code == 200
        waiting = re.search(r"(\d+) leads? waits?", now.text)
        assert waiting and abs(int(waiting[1]) - told["wait"]) <= 5, "some minutes later"
        base = links[0].partition("/sign-in")[0]
        forum = maja.get(f"{base}/forum")
        assert forum.status_code == 200 and "84,000 SEK" in forum.text
        stranger = httpx.get(links[0], follow_redirects=True, timeout=60)
        assert "leads wait" not in stranger.text, "a link works once"
    with httpx.Client(timeout=60, follow_redirects=True) as elin:
        assert elin.get(links[1]).status_code == 200
        assert elin.get(f"{base}/forum").status_code == 404
