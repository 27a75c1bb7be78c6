"""Every reason that a reader of bodies can give has words in each language."""

import ast
from pathlib import Path

import pytest

import services.ingest
from services.console.language.reader import reader_of
from services.console.plumbing.reasons import set_aside_text
from tests.unit.services.console.plumbing.test_plumbing_view import NOW

SWEDISH, ENGLISH = (reader_of(language, "Europe/Stockholm", NOW) for language in ("sv", "en"))
INGEST = Path(services.ingest.__file__).parent


def reasons():
    """Those that stand in the code, with 7 for what is filled in."""
    for path in sorted(INGEST.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "func", None)
            if isinstance(node, ast.Call) and getattr(name, "id", "") in ("Unreadable", "Quarantined"):
                for value in (*node.args[:1], *(k.value for k in node.keywords if k.arg == "quarantined")):
                    if isinstance(value, ast.Constant):
                        yield value.value
                    if isinstance(value, ast.JoinedStr):
                        yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in value.values)


FOUND = sorted({*reasons()} - {"7: 7"})


def test_the_code_has_many_of_them():
    assert len(FOUND) > 45 and "not JSON" in FOUND


@pytest.mark.parametrize("reason", FOUND)
def test_a_reason_has_words_in_each_language(reason):
    assert set_aside_text(reason, ENGLISH) == (reason, "")
    text, original = set_aside_text(reason, SWEDISH)
    assert original == "" and text != reason


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("a fault of ours: KeyError at services.x:7", "ett fel hos oss: KeyError at services.x:7"),
        ("2 e-mail addresses, and no name tells whose: `a`, `b`; map one to `email`", "2 e-postadresser, och inget namn säger vems: `a`, `b`; koppla en till `email`"),
        ("KeyError at routing.stages.moving:31", "KeyError vid routing.stages.moving:31"),
        ("waits behind a dead letter of its lead", "väntar bakom det som lades åt sidan för samma lead"),
        ("3 parts were not understood; the first is $[0]: not JSON", "3 delar förstods inte; den första är $[0]: inte JSON"),
        ("may not say sales (sales.won): the source `web` has no such `may`", "får inte säga sales (sales.won): källan `web` har inget sådant `may`"),
    ],
)  # fmt: skip
def test_a_reason_is_told_in_swedish(reason, text):
    assert set_aside_text(reason, SWEDISH) == (text, "")


def test_what_has_no_words_is_told_as_it_is_kept_beside_what_it_comes_to():
    assert set_aside_text("`id`: whatever", SWEDISH) == ("orsaken finns på engelska", "`id`: whatever")
    assert set_aside_text("`id`: whatever", ENGLISH) == ("`id`: whatever", "")
