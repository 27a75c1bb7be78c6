"""The file in its two forms, piece by piece: JSON for programs, a text for people."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from schemas.persons import SECTIONS, Entry, ReadableLanguage, Section
from services.persons.readable import WORDS, lines_of

Entries = AsyncIterator[tuple[Section, Entry]]


class Heading(NamedTuple):
    """What stands at the top of both."""

    made_at: datetime
    organisation: str


class Document(Protocol):
    """Takes the sections in their order, and each one's entries."""

    def begin(self, heading: Heading) -> str: ...

    def section(self, name: Section) -> str: ...

    def entry(self, entry: Entry) -> str: ...

    def end(self) -> str: ...


class JsonDocument:
    """`schemas.persons.PersonExport`."""

    def __init__(self) -> None:
        self._sections = self._entries = 0

    def begin(self, heading: Heading) -> str:
        said = {
            "format": "stafett.person-export",
            "version": 1,
            "made_at": heading.made_at.isoformat(),
            "organisation": heading.organisation,
        }
        return json.dumps(said, ensure_ascii=False)[:-1]

    def section(self, name: Section) -> str:
        closing = "]" if self._sections else ""
        self._sections, self._entries = self._sections + 1, 0
        return f'{closing},\n"{name}":['

    def entry(self, entry: Entry) -> str:
        self._entries += 1
        return f"{',' if self._entries > 1 else ''}\n{entry.model_dump_json()}"

    def end(self) -> str:
        return '],\n"complete":true}\n'


class TextDocument:
    """For people, in their language."""

    def __init__(self, language: ReadableLanguage) -> None:
        self._words, self._language = WORDS[language], language
        self._entries = 0

    def begin(self, heading: Heading) -> str:
        words = self._words
        title = words["title"].format(organisation=heading.organisation)
        return f"{title}\n{'=' * len(title)}\n\n{words['made_at']} {heading.made_at:%Y-%m-%d %H:%M} UTC\n{words['about']}\n"

    def section(self, name: Section) -> str:
        title, self._entries = self._words[name], 0
        return f"\n\n{title}\n{'-' * len(title)}\n"

    def entry(self, entry: Entry) -> str:
        return "\n" + "".join(f"{line}\n" for line in lines_of(entry, self._language))

    def end(self) -> str:
        return f"\n\n{self._words['complete']}\n"


async def pieces_of(entries: Entries, documents: Iterable[Document], heading: Heading) -> AsyncIterator[list[str]]:
    """The pieces of each document, side by side: the entries are read once for all of them. Raises StoreUnavailable."""
    made = list(documents)
    yield [document.begin(heading) for document in made]
    begun = 0
    async for section, entry in entries:
        while begun <= SECTIONS.index(section):
            yield [document.section(SECTIONS[begun]) for document in made]
            begun += 1
        yield [document.entry(entry) for document in made]
    for name in SECTIONS[begun:]:
        yield [document.section(name) for document in made]
    yield [document.end() for document in made]
