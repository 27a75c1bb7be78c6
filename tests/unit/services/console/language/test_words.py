"""The page's words: every one that it says is in every catalogue, and none is there that it does not say."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from services.console.language.words import FOLDER, LANGUAGES, SOURCE, Words, mark, words_in

ROOM = Path(__file__).parents[5] / "services" / "console"
KEYWORDS = {"_": None, "say": None, "mark": None, "ngettext": (1, 2), "plural": (1, 2)}
OTHERS = [language for language in LANGUAGES if language != SOURCE]
MARKS = re.compile(r"%\((\w+)\)s|\{\}")


def words_of_the_page():
    """What stands in the code and in the templates; of a count both forms."""
    found = set()
    for path in sorted(ROOM.rglob("*")):
        kind = {".py": "python", ".html": "jinja2"}.get(path.suffix)
        if kind:
            for _, text, _, _ in extract(kind, BytesIO(path.read_bytes()), keywords=KEYWORDS):
                found.add(text)
    return found


def catalogue(language):
    """(path, message) of each entry."""
    for path in sorted((FOLDER / language).glob("*.po")):
        for message in read_po(BytesIO(path.read_bytes()), locale=language):
            if message.id:
                yield path.name, message


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_of_the_page_is_in_the_catalogue_and_no_other(language):
    there = [message.id for _, message in catalogue(language)]
    said = words_of_the_page()
    assert said - set(there) == set(), "the page says what the catalogue lacks"
    assert set(there) - said == set(), "the catalogue has what the page does not say"
    assert len(there) == len(set(there)), "a word stands in two files"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_whole_and_has_the_marks_of_the_original(language):
    for path, message in catalogue(language):
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        translations = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(translations) and not message.fuzzy, f"{path}: {message.id}"
        marks = {mark for text in originals for mark in MARKS.findall(text)}
        assert {mark for text in translations for mark in MARKS.findall(text)} == marks, f"{path}: {message.id}"


def test_words_are_filled_in_and_counted():
    words = Words("sv", {"%(n)s min": "%(n)s minuter"}, {"one": ("en", "%(n)s stycken")})
    assert words.say("%(n)s min", n=3) == "3 minuter"
    assert words.say("100 %") == "100 %"
    assert (words.plural("one", "many", 1), words.plural("one", "many", 0)) == ("en", "0 stycken")
    assert words_in("en").plural("%(n)s day", "%(n)s days", 2) == "2 days"
    assert mark("said later") == "said later"
