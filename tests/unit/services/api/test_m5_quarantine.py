"""M5: of what was set aside nobody is named to a key without `personal:read`: not by a key of the body, its type or a header."""

import pytest

from services.api.unnamed import KNOWN, media_type, unnamed_headers, unnamed_place, unnamed_reason, unnamed_shape

PEOPLE = [
    "Bo Ek",
    "bo.ek",
    "Li Na",
    "li_na",
    "asa-oberg-lind",
    "Åsa Öberg",
    "bo.ek@firma.example",
    "850101-2384",
    "0701112233",
]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=UTF-8", "application/json; charset=utf-8"),
        ("text/plain; name=bo.ek%40firma.example", "text/plain"),
        ("multipart/form-data; boundary=bo-ek", "multipart/form-data"),
        ("text/html; charset=bo-ek", "text/html"),
        ("text/bo.ek", None),
        ("bo/ek", None),
        ("", None),
        (None, None),
    ],
)
def test_m5_of_a_content_type_the_media_type_and_the_charset_are_shown(given, shown):
    assert media_type(given) == shown


@pytest.mark.parametrize("name", PEOPLE)
def test_m5_a_name_as_a_key_is_hidden_wherever_it_stands(name):
    told = f"text/plain; name={name}"
    assert unnamed_place(f"$[3].data.{name.replace('.', '')}.email") == "$[3].data.[name].email"
    assert set(unnamed_place(f"$.{name}").split(".")) == {"$", "[name]"}
    assert unnamed_reason(f"it is there twice: `{name.replace('.', '')}`") == "it is there twice: `[name]`"
    first = f"25 parts were not understood; the first is $[1].{name.replace(' ', '').replace('.', '')}: not JSON"
    assert unnamed_reason(first) == "25 parts were not understood; the first is $[1].[name]: not JSON"
    shape = {name: {"email": "text", name: ["text"]}, "data": {name: "text"}}
    assert unnamed_shape(shape) == {"[name 1]": {"email": "text", "[name 2]": ["text"]}, "data": {"[name 1]": "text"}}
    headers = {"content-type": told, "user-agent": f"bot {name}", "webhook-id": name, "ce-source": name}
    assert unnamed_headers(headers) == {"content-type": "text/plain"}


def test_m5_what_helps_to_correct_a_source_stays():
    shape = {"email": "text", "data": {"email": "text", "id": "number"}, "x9": "text"}
    assert unnamed_shape(shape) == {"email": "text", "data": {"email": "text", "id": "number"}, "[name 3]": "text"}
    assert unnamed_place("$[3].data.email") == "$[3].data.email"
    reason = "may not say sales (sales.won): the source `old-crm` has no such `may`"
    assert unnamed_reason(reason, "old-crm") == reason
    assert unnamed_reason("names nobody: `email` is no e-mail address") == "names nobody: `email` is no e-mail address"
    assert unnamed_headers({"content-type": "application/json", "webhook-id": "1"}) == {
        "content-type": "application/json"
    }


def test_the_known_names_are_small_words_of_programs():
    assert all(name == name.casefold() and name.replace("_", "").isalpha() for name in KNOWN)
    assert {"email", "data", "event", "payload", "type"} <= KNOWN
