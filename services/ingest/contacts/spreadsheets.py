"""Tables as spreadsheets save them: in which characters, and by what their columns are parted."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

CHUNK = 1024 * 1024
"""Bytes that are looked at in one go."""
HEAD = 20
"""Lines among which the first that is not empty is looked for."""
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PARTED = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "upright bars"}
"""What parts columns, the likelier first where two are there as often."""


class NoTable(Exception):
    """The file is no table of contacts; the message says why, without its values."""


class Dialect(NamedTuple):
    """How a file is written: its characters by Python's name, what parts its columns."""

    encoding: str
    delimiter: str

    def description(self) -> str:
        """For people."""
        names = {
            "utf-16-le": "UTF-16",
            "utf-16-be": "UTF-16",
            "utf-8-sig": "UTF-8",
            "utf-8": "UTF-8",
            "utf-16": "UTF-16",
            "cp1252": "Windows-1252",
        }
        return f"{names.get(self.encoding, self.encoding)}, columns parted by {_PARTED[self.delimiter]}"


def dialect_of(path: Path) -> Dialect:
    """Of a whole file. Raises NoTable where its characters cannot be told, OSError."""
    encoding = encoding_of(path)
    with open_table(path, encoding) as file:
        return Dialect(encoding, read_heading(file).delimiter)


def open_table(path: Path, encoding: str) -> IO[str]:
    return path.open(encoding=encoding, newline="")


def encoding_of(path: Path) -> str:
    """By the mark at its beginning, else UTF-8 where all of it is, else Windows-1252, which Excel writes in Western Europe.
    Raises NoTable for what is neither, or partly UTF-8: nobody's name is guessed at."""
    with path.open("rb") as file:
        head = file.read(4096)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                return encoding
        if b"\0" in head:
            return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
        file.seek(0)
        return _without_mark(iter(lambda: file.read(CHUNK), b""))


def _without_mark(chunks: Iterable[bytes]) -> str:
    decoder, is_utf8, letters, odd = codecs.getincrementaldecoder("utf-8")(), True, 0, False
    for chunk in chain(chunks, (b"",)):
        odd = odd or any(byte in chunk for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
        if is_utf8:
            try:
                letters += sum(ord(c) > 127 for c in decoder.decode(chunk, final=not chunk))
            except UnicodeDecodeError as error:
                letters += sum(ord(c) > 127 for c in chunk[: error.start].decode("utf-8", "ignore"))
                is_utf8 = False
    if is_utf8:
        return "utf-8"
    if odd:
        raise NoTable("is neither UTF-8 nor Windows-1252; save it as CSV UTF-8")
    if letters:
        raise NoTable("is UTF-8 in part only; save it again as CSV UTF-8")
    return "cp1252"


class Heading(NamedTuple):
    """What parts the columns, and how many lines stand before the header."""

    delimiter: str
    lines: int


def read_heading(file: IO[str]) -> Heading:
    """As a line `sep=;` says, or what parts the names of the header; a comma where there is one name. Leaves the file at the
    header."""
    lines, start, line = 0, file.tell(), ""
    for _ in range(HEAD):
        line = file.readline()
        if line.casefold().startswith("sep="):
            said = line[4:5]
            return Heading(said if said in _PARTED else "\t", lines + 1)
        if line.strip() or not line:
            break
        lines, start = lines + 1, file.tell()
    file.seek(start)
    counts = {sign: _outside_quotes(line, sign) for sign in _PARTED}
    best = max(counts, key=lambda sign: counts[sign])
    return Heading(best if counts[best] else ",", lines)


def _outside_quotes(line: str, sign: str) -> int:
    return sum(part.count(sign) for part in line.split('"')[::2])
