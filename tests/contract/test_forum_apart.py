"""What the forum asks, done by a process of its own, on both engines."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from routing.agreement.agreement import compile_agreement
from routing.forum.figures import to_json
from routing.forum.frame import frame_of
from routing.forum.tally import Query
from services.adapters.sql.forum import SqlForum
from services.adapters.sql.stories import SqlStories
from services.bootstrap import forum_apart
from services.bootstrap.forum_apart import Job, OtherProcess
from services.forum.desk import ForumDesk
from services.forum.reports import compute_report, find_subjects
from tests.golden_report import NOW, golden_entries
from tests.golden_story import whole_story
from tests.parts.sqlite import migrated_file
from tests.setups import EXAMPLES, ruling, setup_on

AGREEMENT = EXAMPLES / "agreement.yaml"
QUERIES = [Query("leads", "2026-W48"), Query("leads", "nowhere")]


async def test_another_process_gives_the_same_bytes_and_the_same_ids(migrated_url):
    async with setup_on(migrated_url) as running:
        await whole_story(running)
        stories, entries = SqlStories(running.store.engines), SqlForum(running.store.engines)
        await entries.add_entries(golden_entries())
        frame = frame_of(compile_agreement(AGREEMENT.read_text()), "2026-W48", NOW)
        other = OtherProcess(migrated_url, AGREEMENT)
        here = await compute_report(stories, entries, frame)
        queries = [Query(q.measure, q.span, q.labels) for q in _queries_of(here)[:3]]
        assert queries
        assert to_json(await other.report(frame, None)) == to_json(here)
        assert await other.subjects(frame, queries, 2, None) == await find_subjects(stories, frame, queries, 2) != {}


async def test_where_the_other_process_does_not_know_the_agreement_it_is_done_here(tmp_path, monkeypatch):
    url = await migrated_file(tmp_path / "s.db")
    async with setup_on(url) as running:
        changed = compile_agreement(AGREEMENT.read_text().replace("title: ", "title: Another "))
        frame, answers = frame_of(changed, "2026-W48", NOW), []

        class Other(OtherProcess):
            async def report(self, frame, brands):
                answers.append(await super().report(frame, brands))
                return answers[-1]

        async def rules():
            return ruling()

        stories, entries = SqlStories(running.store.engines), SqlForum(running.store.engines)
        desk = ForumDesk(stories, entries, ruling=rules, now=lambda: NOW, apart=Other(url, AGREEMENT))
        monkeypatch.setattr(SqlStories, "has_more_than", _yes)
        assert (await desk.report(frame)).agreement == changed.hash
        assert answers == [None], "it is neither published nor the file's"


async def _yes(*_):
    return True


def _queries_of(report):
    figures = [f for s in report.sections for t in s.tables for row in t.rows for f in row.figures]
    return [
        query for figure in figures if figure.behind is not None and figure.behind.count for query in figure.queries
    ]


async def test_few_leads_are_counted_where_it_is_asked_for(store):
    stories = SqlStories(store.engines)
    assert not await stories.has_more_than(0)

    class Nobody:
        """Whom nobody asks."""

    async def rules():
        return ruling()

    desk = ForumDesk(stories, SqlForum(store.engines), ruling=rules, now=lambda: NOW, apart=Nobody())
    frame = await desk.frame("2026-W48")
    assert (await desk.report(frame)).week == "2026-W48"
    assert await desk.subjects(frame, QUERIES, 5) == {}


async def test_the_process_ends_with_the_task_that_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(forum_apart, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    begun, create = [], asyncio.create_subprocess_exec

    async def note(*command, **options):
        begun.append(await create(*command, **options))
        return begun[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", note)
    task = asyncio.create_task(forum_apart._answer_of(b"{}\n"))
    async with asyncio.timeout(30):
        while not begun:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert begun[0].returncode == -9


async def test_without_a_process_to_be_had_there_is_no_answer(monkeypatch):
    monkeypatch.setattr(forum_apart, "_COMMAND", ("/nowhere/python",))
    frame = frame_of(compile_agreement(AGREEMENT.read_text()), "2026-W48", NOW)
    assert await OtherProcess("sqlite:///nowhere.db", AGREEMENT).report(frame, None) is None


async def test_two_are_begun_at_a_time_and_whoever_else_asks_waits(monkeypatch):
    monkeypatch.setattr(forum_apart, "_COMMAND", ("sh", "-c", "sleep 0.2; echo '{}'"))
    begun, most, create = [], 0, asyncio.create_subprocess_exec

    async def note(*command, **options):
        nonlocal most
        begun.append(await create(*command, **options))
        most = max(most, sum(process.returncode is None for process in begun))
        return begun[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", note)
    frame = frame_of(compile_agreement(AGREEMENT.read_text()), "2026-W48", NOW)
    other = OtherProcess("sqlite:///nowhere.db", AGREEMENT)
    answers = await asyncio.gather(*(other.subjects(frame, QUERIES, 5, None) for _ in range(4)))
    assert (answers, len(begun), most) == ([{}] * 4, 4, 2)


async def test_one_that_was_killed_is_told_apart_in_the_log(monkeypatch, caplog):
    monkeypatch.setattr(forum_apart, "_COMMAND", ("sh", "-c", "kill -9 $$"))
    frame = frame_of(compile_agreement(AGREEMENT.read_text()), "2026-W48", NOW)
    assert await OtherProcess("sqlite:///nowhere.db", AGREEMENT).report(frame, None) is None
    assert "for want of memory" in caplog.text


@pytest.mark.parametrize("said", ["{}", "[", ""])
async def test_an_answer_of_another_form_is_none(monkeypatch, said):
    """As of another version of the package."""
    monkeypatch.setattr(forum_apart, "_COMMAND", ("echo", said))
    frame = frame_of(compile_agreement(AGREEMENT.read_text()), "2026-W48", NOW)
    assert await OtherProcess("sqlite:///nowhere.db", AGREEMENT).report(frame, None) is None


def test_what_stops_whoever_asked_does_not_stop_it_before_them():
    """Ctrl-C and systemd reach both."""
    stopped = """
import os, signal
from services.bootstrap import forum_process
async def carry_out(job):
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return b"done"
forum_process.carry_out = carry_out
raise SystemExit(forum_process._main())
"""
    job = Job("sqlite:///nowhere.db", str(AGREEMENT), "hash", "2026-W48", NOW.isoformat(), None)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", stopped], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        process.stdin.write(json.dumps(job._asdict()).encode() + b"\n")
        process.stdin.flush()
        assert process.stdout.read() == b"done"
        assert process.wait(20) == 0


def test_it_is_gone_once_nobody_holds_the_other_end_of_its_stdin():
    """As after kill -9 of whoever asked."""
    waits = "import threading, time; from services.bootstrap.forum_process import _end_with_whoever_asked as end; "
    waits += "threading.Thread(target=end, daemon=True).start(); print('begun', flush=True); time.sleep(100)"
    place = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": place}
    with subprocess.Popen(
        [sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout.readline() == b"begun\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(20) == 1
