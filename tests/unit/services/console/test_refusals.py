"""What was refused is said in the reader's language: every cause has words in both, and no screen says the words of programs."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from routing.people.permissions import RIGHTS
from services.api.commanding import Cause, Refused, SameKey
from services.console.language.reader import reader_of
from services.console.language.words import LANGUAGES, words_in
from services.console.refusals import REFUSALS, refusal_text

ROOM = Path(__file__).parents[4] / "services" / "console"
READERS = {language: reader_of(language, "Europe/Stockholm", datetime(2026, 11, 23, tzinfo=UTC)) for language in LANGUAGES}  # fmt: skip


def test_each_cause_has_words_of_its_own_in_each_language():
    assert set(REFUSALS) == set(get_args(Cause))
    for language, reader in READERS.items():
        texts = {cause: refusal_text(Refused("in English for programs", cause), "assign", reader) for cause in REFUSALS}
        assert len(set(texts.values())) == len(texts)
        assert not [cause for cause, text in texts.items() if "programs" in text or "%" in text or "_" in text]
        if language != "en":
            lacking = [text for text in REFUSALS.values() if text not in words_in(language).texts]
            assert not lacking


@pytest.mark.parametrize("command", RIGHTS)
def test_who_may_ask_for_a_command_is_said_by_the_names_of_the_page(command):
    for reader in READERS.values():
        text = refusal_text(Refused("x", "no_right"), command, reader)
        assert reader.say("Manager") in text and not re.search(r"_|owner|oneself", text), text
    assert "whoever has the lead" in refusal_text(Refused("x", "no_right"), "accept", READERS["en"])
    assert "personen själv" in refusal_text(Refused("x", "no_right"), "absence", READERS["sv"])


def test_what_was_asked_before_is_said_so():
    assert refusal_text(SameKey(), "assign", READERS["sv"]) == "Det går inte nu: det har redan begärts"


def test_no_screen_shows_what_an_error_says_to_programs():
    shown = [
        path.name
        for path in ROOM.rglob("*.py")
        if "signing_in" not in path.parts and re.search(r"\bstr\((?:refused|error)\)", path.read_text())
    ]
    assert shown == []
