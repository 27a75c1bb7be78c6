"""`stafett unseal`: events of topics as the feed has them, with what is personal opened."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from schemas.envelope import whole
from services.cli.support.environment import add_config, settings_of
from services.sealing.boxes import Unopenable
from services.sealing.events import SealedPart, open_event, take_apart

EPILOG = """\
examples:
  kcat -F kcat.conf -q -e -C -t stafett.handovers.v1 | stafett unseal --url https://stafett.example --key-file key
  stafett unseal events.ndjson --config mine          with the store's own keys, for who runs it

One event a line, in and out. With --url the keys are asked for over the API, with the API key in --key-file, which needs
the scope persons:keys. What is not sealed goes through as it is. Of who was erased nothing personal comes out. Status 1
where a key is not known, or a line is no event.
"""
CHUNK = 65_536
AT_ONCE = 100
"""Keys that are asked for together."""
KEPT = 60.0
"""Seconds for which a key is kept."""


class Erased:
    """In the place of a key that was thrown away."""


Keys = dict[str, bytes | Erased]
"""By their names; one that is not known there is not in it."""
Ask = Callable[[Sequence[str]], Awaitable[Keys]]


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("unseal", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="events, one a line (default: standard input)")
    parser.add_argument("--url", help="base address of the API that is asked for keys (default: the store of --config)")
    parser.add_argument("--key-file", type=Path, help="file that holds the API key for --url")
    add_config(parser)
    parser.set_defaults(func=lambda args: asyncio.run(_run(args)))


async def _run(args: argparse.Namespace) -> int:
    if bool(args.url) != bool(args.key_file):
        print("--url and --key-file go together: the API asks for a key with the scope persons:keys", file=sys.stderr)
        return 2
    stream: BinaryIO = args.file.open("rb") if args.file else sys.stdin.buffer
    with stream:
        async with _by_api(args.url, args.key_file) if args.url else _by_store(args) as ask:
            unsealer = Unsealer(ask)
            for lines in chunks_of(stream):
                for line in await unsealer.open(lines):
                    print(line)
                sys.stdout.flush()
    for what, count in sorted(unsealer.left.items()):
        print(f"{count} {what}", file=sys.stderr)
    return int(any(what != ERASED for what in unsealer.left))


ERASED, UNKNOWN, NO_EVENT = (
    "of somebody who was erased",
    "stay sealed: their key is not known there",
    "are no events, and went through as they are",
)


def chunks_of(stream: BinaryIO) -> Iterator[list[str]]:
    """Lines as they come, however few are there; so that who follows a topic waits for nobody."""
    rest = b""
    while chunk := stream.read1(CHUNK) if hasattr(stream, "read1") else stream.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        yield [line.decode("utf-8", "replace") for line in lines if line.strip()]
    if rest.strip():
        yield [rest.decode("utf-8", "replace")]


class Unsealer:
    """`ask` gives keys by their names. `left`: how many lines were not opened, by why."""

    def __init__(self, ask: Ask, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._ticks = ask, ticks
        self._keys: Keys = {}
        self._until = 0.0
        self.left: Counter[str] = Counter()

    async def open(self, lines: Sequence[str]) -> list[str]:
        """The lines, opened where that can be."""
        parts = [self._part_of(line) for line in lines]
        await self._learn({part.key for part in parts if part is not None})
        return [line if part is None else self._open_line(line, part) for line, part in zip(lines, parts, strict=True)]

    def _part_of(self, line: str) -> SealedPart | None:
        try:
            return take_apart(line)
        except ValueError:
            self.left[NO_EVENT] += 1
            return None

    async def _learn(self, names: set[str]) -> None:
        if self._ticks() >= self._until:
            self._keys, self._until = {}, self._ticks() + KEPT
        missing = sorted(names - self._keys.keys())
        for at in range(0, len(missing), AT_ONCE):
            self._keys |= await self._ask(missing[at : at + AT_ONCE])

    def _open_line(self, line: str, part: SealedPart) -> str:
        key = self._keys.get(part.key)
        if isinstance(key, Erased):
            self.left[ERASED] += 1
            return whole(part.head, None)
        try:
            if key is not None:
                return open_event(part, key)
        except Unopenable:
            pass
        self.left[UNKNOWN] += 1
        return line


@asynccontextmanager
async def _by_store(args: argparse.Namespace) -> AsyncIterator[Ask]:
    from services.adapters.sql.person_keys import SqlPersonKeys
    from services.adapters.sql.store import SqlStore
    from services.persons.topic_keys import find_keys

    store = SqlStore(settings_of(args).database_url, exclusive=False)
    await store.start()
    keys = SqlPersonKeys(store.engines)

    async def ask(names: Sequence[str]) -> Keys:
        return _keys_in([key.model_dump() for key in await find_keys(keys, names)])

    try:
        yield ask
    finally:
        await store.close()


@asynccontextmanager
async def _by_api(url: str, key_file: Path) -> AsyncIterator[Ask]:
    import httpx

    headers = {"Authorization": f"Bearer {key_file.read_text('utf-8').strip()}"}
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=15.0) as client:

        async def ask(names: Sequence[str]) -> Keys:
            try:
                answer = await client.get("/v1/persons/keys", params={"key": list(names)}, headers=headers)
            except httpx.HTTPError as error:
                raise ConnectionError(0, f"the API cannot be asked: {type(error).__name__}") from None
            if answer.status_code != httpx.codes.OK:
                raise ConnectionError(0, f"the API gives no keys: it answered {answer.status_code}")
            return _keys_in(answer.json()["keys"])

        yield ask


def _keys_in(keys: Sequence[dict[str, str | None]]) -> Keys:
    from base64 import b64decode

    found: Keys = {str(key["key"]): b64decode(key["secret"]) for key in keys if key["secret"]}
    return found | {str(key["key"]): Erased() for key in keys if key["reason"] == "erased"}
