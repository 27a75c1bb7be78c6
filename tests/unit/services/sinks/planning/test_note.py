"""The dossier as a note."""

import pytest

from schemas.sinks.base import NoteSettings
from services.sinks.planning.facts import facts_of
from services.sinks.planning.note import WORDS, as_html, note_text, task_text
from tests.sinks import offered


def note(settings=None, **dossier):
    happened = offered(**dossier)
    offer = happened.body()
    return note_text(offer, settings or NoteSettings(), facts_of(happened, offer), "Stafett ho_1/dossier")


def test_a_note_says_who_what_and_why_and_ends_with_the_marker():
    entries = [{"signal_id": "sig_1", "at": "2026-06-07T08:00:00Z", "kind": "form.submitted", "source": "web"}]
    text = note(entries=entries, next_step="call on Monday", company_city="Lund")
    assert "Kund AB · kund.example · Lund" in text and "Eva Ek eva@kund.example" in text
    assert "- need: pumps" in text and "2026-06-07 08:00 UTC form.submitted (web)" in text
    assert text.splitlines()[-1] == "Stafett ho_1/dossier"


def test_a_long_dossier_is_cut_and_keeps_its_marker():
    text = note(NoteSettings(longest=500), next_step="x" * 3000)
    assert len(text) <= 500 and text.endswith("…\n\nStafett ho_1/dossier")


def test_what_is_only_of_one_offer_is_in_the_task_and_not_in_the_note():
    happened = offered()
    offer = happened.body()
    assert "13:00" not in note()
    assert "Please answer by: 2026-06-08 13:00 UTC" in task_text(
        NoteSettings(), facts_of(happened, offer), "Stafett ho_1.1"
    )


def test_words_of_a_stranger_are_no_markup():
    assert as_html("<script>alert(1)</script>\nx & y") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p><p>x &amp; y</p>"


@pytest.mark.parametrize("language", ["en", "sv"])
def test_every_language_has_every_word(language):
    assert WORDS[language].keys() == WORDS["en"].keys()
    assert WORDS[language]["title"] in note(NoteSettings(language=language))


def test_a_text_of_signs_that_are_long_in_html_is_cut_by_that_length():
    text = note(NoteSettings(longest=1000), next_step='"' * 3000)
    assert len(as_html(text)) < 1200 and text.endswith("Stafett ho_1/dossier")
