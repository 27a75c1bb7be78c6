"""`python -m services.bootstrap.forum_process`: one job of `forum_apart`, a line of JSON on stdin; the answer is JSON on stdout.

It reads the store and writes nothing. Whoever asked holds the other end of stdin: at its end this process is gone at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

import msgspec

from routing.agreement.agreement import Agreement, compile_agreement
from routing.forum.frame import Frame, frame_of
from routing.forum.tally import Query
from schemas.yamlfile import FileError
from services.adapters.sql.agreements import Agreements
from services.adapters.sql.engine import Engines
from services.adapters.sql.forum import SqlForum
from services.adapters.sql.stories import SqlStories
from services.bootstrap.forum_apart import Job
from services.forum.reports import compute_report, find_subjects
from services.ports.errors import PortError
from services.rules.publications import compile_row

NICER = 5
"""Than whoever asked: where all cores are wanted, it gets a third of what a page gets. With much less no report would be made where others never rest."""


async def carry_out(job: Job) -> bytes:
    """Raises StoreUnavailable, FileError, LookupError."""
    engines = Engines(job.database_url)
    try:
        frame = await _frame_of(job, engines)
        stories = SqlStories(engines, frozenset(job.brands) if job.brands is not None else None)
        if job.queries is None:
            return msgspec.json.encode(await compute_report(stories, SqlForum(engines), frame))
        queries = [Query(measure, span, tuple(labels)) for measure, span, labels in job.queries]
        return msgspec.json.encode(await find_subjects(stories, frame, queries, job.most))
    finally:
        await engines.close()


async def _frame_of(job: Job, engines: Engines) -> Frame:
    """What was known on an instant is the same frame, whenever it is made."""
    known_on = datetime.fromisoformat(job.known_on)
    return frame_of(await _agreement_of(job, engines), job.week, known_on, known_on)


async def _agreement_of(job: Job, engines: Engines) -> Agreement:
    """As it was published, else the file's. Raises LookupError where it is neither, as after the file was changed under a process that runs."""
    row = (await Agreements(engines).rows([job.agreement])).get(job.agreement)
    if row is not None:
        return compile_row(job.agreement, row)
    made = compile_agreement(Path(job.agreement_file).read_text("utf-8"), job.agreement_file)
    if made.hash != job.agreement:
        raise LookupError(job.agreement)
    return made


def _end_with_whoever_asked() -> None:
    """Read from the descriptor itself, for the buffer of stdin has a lock that the interpreter needs at its end."""
    while os.read(0, 1):
        pass
    os._exit(1)


def _main() -> int:
    # Ctrl-C and systemd reach whoever asked as well, which ends it by itself: ended before that, it would be taken for one that failed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # where a sandbox forbids it
        os.nice(NICER)
    line = bytearray()
    while not line.endswith(b"\n"):
        if not (more := os.read(0, 1 << 16)):
            return 1
        line += more
    threading.Thread(target=_end_with_whoever_asked, daemon=True).start()
    try:
        answer = asyncio.run(carry_out(Job(**json.loads(line))))
    except (PortError, FileError, LookupError, OSError):
        # Whoever asked does it then, and tells what is wrong.
        return 1
    sys.stdout.buffer.write(answer)
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(_main())
