"""The page's words: English in the code and the templates, other languages in catalogues (`catalogues/LANGUAGE/*.po`, gettext's format,
one for each part of the page). A test finds what a catalogue lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, get_args

from babel.messages.pofile import read_po

from schemas.notify import Language

FOLDER = Path(__file__).parent / "catalogues"
SOURCE: Language = "en"
"""The language that the code speaks: its words are the keys of every catalogue."""
LANGUAGES: tuple[Language, ...] = get_args(Language)


def mark(text: str) -> str:
    """The text as it is: so that the words of a table stand in the catalogues, though it is said by its name only."""
    return text


class Words(NamedTuple):
    """What the page says in one language. `forms` are those of a count, singular and plural, by the English singular."""

    language: Language
    texts: Mapping[str, str]
    forms: Mapping[str, tuple[str, str]]

    def say(self, text: str, **values: object) -> str:
        """In this language, with `%(name)s` filled in; in English where the catalogue lacks it."""
        found = self.texts.get(text, text)
        return found % values if values else found.replace("%%", "%")

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """One of two texts by the count, which is `%(n)s` in them. Both languages have the plural for all but one."""
        forms = self.forms.get(one, (one, many))
        return forms[n != 1] % {"n": n, **values}


@cache
def words_in(language: Language) -> Words:
    """The catalogues of a language as one."""
    texts: dict[str, str] = {}
    forms: dict[str, tuple[str, str]] = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        for message in read_po(BytesIO(path.read_bytes()), locale=language):
            match message.id, message.string:
                case str(text), str(meaning) if text and meaning:
                    texts[text] = meaning
                case (str(one), *_), (str(singular), str(plural)):
                    forms[one] = (singular, plural)
                case _:
                    pass  # the head of a file, and what nobody translated yet, which is said in English
    return Words(language, texts, forms)
