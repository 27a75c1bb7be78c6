"""What takes minutes, in a process of its own: counted beside the pages in one interpreter, a report of many leads would make each question of
theirs wait for its turn.

The process has a lower priority, reads the store by itself and writes nothing. It ends with whoever asked, also on kill -9: then nothing was
written, and whoever asks again begins again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Iterable
from pathlib import Path
from signal import SIGKILL
from typing import NamedTuple, TypeVar

import msgspec

from routing.forum.figures import Report
from routing.forum.frame import Frame
from routing.forum.tally import Query
from schemas.certain import certain

log = logging.getLogger("stafett.forum")
Answer = TypeVar("Answer")
AT_ONCE = 2
"""Each has memory and connections of its own: a page on which many figures are opened must not begin one for each."""
_COMMAND = (sys.executable, "-P", "-m", "services.bootstrap.forum_process")


class Job(NamedTuple):
    """`agreement` is the hash of the one that the frame is of; with `queries` the ids behind these are asked for, of `most` subjects, else the report."""

    database_url: str
    agreement_file: str
    agreement: str
    week: str
    known_on: str
    brands: list[str] | None
    queries: list[tuple[str, str, list[str]]] | None = None
    most: int = 0


class OtherProcess:
    """Raises nothing of its own: where there is no process to be had, or it fails, the answer is None, and it is to be done here. Up to `AT_ONCE`
    are begun at a time; whoever else asks waits."""

    def __init__(self, database_url: str, agreement_file: Path) -> None:
        self._database_url, self._agreement_file = database_url, agreement_file
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def report(self, frame: Frame, brands: frozenset[str] | None) -> Report | None:
        """The report of this frame."""
        return await self._ask(self._job(frame, brands), lambda answer: msgspec.json.decode(answer, type=Report))

    async def subjects(
        self, frame: Frame, queries: Iterable[Query], most: int, brands: frozenset[str] | None
    ) -> dict[str, list[str]] | None:
        """The ids behind figures, by subject."""
        asked = [(query.measure, query.span, list(query.labels)) for query in queries]
        job = self._job(frame, brands)._replace(queries=asked, most=most)
        return await self._ask(job, lambda answer: msgspec.json.decode(answer, type=dict[str, list[str]]))

    def _job(self, frame: Frame, brands: frozenset[str] | None) -> Job:
        return Job(
            database_url=self._database_url,
            agreement_file=str(self._agreement_file),
            agreement=frame.agreement.hash,
            week=frame.week.name,
            known_on=frame.known_on.isoformat(),
            brands=sorted(brands) if brands is not None else None,
        )

    async def _ask(self, job: Job, read: Callable[[bytes], Answer]) -> Answer | None:
        try:
            async with self._turn:
                answer = await _answer_of(json.dumps(job._asdict()).encode() + b"\n")
        except OSError as error:
            log.warning("no process of its own for what the forum asks", extra={"error": type(error).__name__})
            return None
        try:
            return read(answer) if answer is not None else None
        except msgspec.MsgspecError as error:
            # As after an upgrade of the package under a process that runs: the other one is of the new version.
            log.warning(
                "what the forum asks was answered in another form; it is done here",
                extra={"error": type(error).__name__},
            )
            return None


async def _answer_of(job: bytes) -> bytes | None:
    """None where it failed. The process is ended however this ends. Raises OSError where there is none to be had."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment)
    told = certain(process.stdin, "it was asked for")
    heard = certain(process.stdout, "it was asked for")
    try:
        # Its end of stdin stays open: where we are gone, so is it.
        told.write(job)
        answer = await heard.read()
        status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        told.close()
    if status == -SIGKILL:
        # It is done here all the same: that takes no further interpreter, and without it there would be no report at all.
        log.warning("the process of what the forum asks was killed, perhaps for want of memory; it is done here")
        return None
    if status:
        log.warning("the process of what the forum asks failed; it is done here", extra={"code": status})
        return None
    return answer
