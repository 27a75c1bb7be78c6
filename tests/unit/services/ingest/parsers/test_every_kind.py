"""What holds for the facts of every kind: text that people can read, addresses and numbers without what stands around them."""

import json

import pytest

from schemas.mapping import Mapping
from schemas.signals import Parsed, Quarantined
from schemas.sources import Scheme, Source
from services.ingest.configured.mapped import read
from services.ingest.normalising.normalise import digest, identities
from services.ingest.parsers.reading.markup import readable
from services.ingest.parsers.registry import PARSERS, parse
from tests.unit.services.ingest.parsers.every_kind import JSON, NO_COMPANY, SHAPES, body_of

KEY = b"k" * 32
MAIL = "kim.lund@verkstad.example"
kinds = pytest.mark.parametrize("kind", sorted(PARSERS))


def one(kind, **facts):
    found = parse(kind, *body_of(kind, **facts), {})
    assert len(found) == 1 and isinstance(found[0], Parsed), found
    return found[0]


def name_of(signal):
    return signal.person.full_name or signal.person.first_name


def digests(signal, region="SE"):
    source = Source(name="s", kind="form", verify=Scheme(scheme="none"), region=region)
    return {i.kind: i.digest for i in identities(signal, source, KEY)}


def test_the_shapes_are_of_all_kinds():
    assert SHAPES.keys() == PARSERS.keys()


@kinds
def test_each_kind_reads_the_four_facts(kind):
    found = one(kind)
    assert (name_of(found), found.person.email, found.person.phone) == ("Kim Lund", MAIL, "+46 70 174 06 05")
    assert kind in NO_COMPANY or found.company.name == "Verkstad AB"


@kinds
def test_entities_are_decoded_and_markup_is_removed(kind):
    found = one(
        kind, name="Se&#225;n O&#039;Brien", company="<b>Ek</b> &amp; S&ouml;ner AB", phone="&#43;46 70 174 06 05"
    )
    assert name_of(found) == "Seán O'Brien" and found.person.phone == "+46 70 174 06 05"
    assert kind in NO_COMPANY or found.company.name == "Ek & Söner AB"


@kinds
def test_what_steers_a_terminal_or_turns_text_is_in_no_fact_of_any_kind(kind):
    unseen = "\x9b31m\u202e\u2066"
    steering = unseen if kind == "salesforce" else f"\x1b[2J\x1b]0;x\x07{unseen}"  # XML has no place for the others
    found = one(kind, name=f"Kim {steering}Lund", company=f"Verkstad{steering} AB")
    kept = json.dumps(found.plain(), ensure_ascii=False)
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) <= 0x9F or letter in "\u202e\u2066" for letter in kept)
    assert not any(escaped in kept for escaped in ("\\u001b", "\\u0007"))
    assert (name_of(found) or "").endswith("Lund")


@pytest.mark.parametrize("field", ["message", "form_id", "utm_campaign", "city", "tags", "k\x1b[2J"])
def test_what_steers_is_left_out_of_every_answer_and_code_of_a_form(field):
    body = json.dumps({"email": MAIL, field: "a\x1b]0;x\x07\x9b\u202eb", "note": "one\x0btwo\tthree\nfour"})
    (found,) = parse("form", body.encode(), JSON, {})
    kept = json.dumps(found.plain(), ensure_ascii=False)
    assert not any(letter in kept for letter in ("\\u001b", "\\u0007", "\x9b", "\u202e"))
    assert found.fields["note"] == "one\ntwo\tthree\nfour"


@kinds
def test_they_are_decoded_once(kind):
    found = one(kind, name="&amp;lt;b&amp;gt;Kim", company="A &amp;amp; B")
    assert name_of(found) == "&lt;b&gt;Kim"
    assert kind in NO_COMPANY or found.company.name == "A &amp; B"


@kinds
@pytest.mark.parametrize(
    "written",
    [
        f"mailto:{MAIL}",
        f'"Lund, Kim" <{MAIL}>',
        f"'{MAIL}'",
        f"{MAIL}.",
        f"\ufeff{MAIL}\u200b",
        f"\u00a0{MAIL} ",
        f"<{MAIL}>;",
    ],
)
def test_addresses_are_cleaned(kind, written):
    found = one(kind, email=written)
    assert found.person.email == MAIL and digests(found)["email"] == digest(KEY, "email", "default", MAIL)


@kinds
@pytest.mark.parametrize(
    "written",
    [
        "070-174 06 05",
        "46701740605.0",
        "070-174 06 05 (mobil)",
        "\u202a+46 70 174 06 05\u202c",
        "tel:+46-70-174-06-05",
        "0046701740605",
    ],
)
def test_a_number_is_the_same_number(kind, written):
    assert digests(one(kind, phone=written))["phone"] == digest(KEY, "phone", "default", "+46701740605")


@kinds
def test_a_number_that_lost_its_digits_is_none_and_another_extension_is_another(kind):
    assert "phone" not in digests(one(kind, phone="4.67017E+10"))
    assert digests(one(kind, phone="08-123 45 67 ankn 12"))["phone"] == digest(
        KEY, "phone", "default", "+4681234567;ext=12"
    )


def test_what_a_mapping_names_is_cleaned_and_decoded_as_well():
    mapping = Mapping.model_validate(
        {
            "facts": {"email": "who", "full_name": "n", "company": "c", "phone": "p"},
            "fields": {"wish": "w"},
            "kind": "form.submitted",
        }
    )
    body = b'{"who": "mailto:kim.lund@verkstad.example", "n": "Se&#225;n &amp;lt;", "c": "A &amp; B", "p": "tel:+46701740605", "w": "<p>Hej</p> &amp; h&aring;"}'
    for kind in ("generic", "form"):
        (found,) = read(kind, body, JSON, {}, mapping)
        assert (found.person.email, found.person.full_name, found.person.phone) == (MAIL, "Seán &lt;", "+46701740605")
        assert (found.company.name, found.fields["wish"]) == ("A & B", "Hej\n & hå")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a < b & c > d", "a < b & c > d"), ("Anna <anna@x.example>", "Anna <anna@x.example>"), ("?a=1&copy=2&lt=3", "?a=1&copy=2&lt=3"), ("<3 kaffe", "<3 kaffe"),
        ("<p>Hej</p><p>du</p>", "Hej\n\ndu"), ("rad 1<br>rad 2", "rad 1\nrad 2"), ("<a href='https://x.example'>här</a>", "här"), ("a<script>alert(1)</script>b", "ab"),
        ("a<!-- x -->b", "ab"), ("&lt;b&gt;Anna&lt;/b&gt;", "Anna"), ("&amp;lt;b&amp;gt;", "&lt;b&gt;"), ("a&nbsp;b", "a b"), ("<style>p{}</style>x", "x"), ("<script>never closed", "<script>never closed"[8:]),
        ("&#x41;&#65;&bogus;", "AA&bogus;"), ("<Anna>", "<Anna>"),
    ],
)  # fmt: skip
def test_markup_is_told_from_what_people_write(written, shown):
    assert readable(written) == shown


@pytest.mark.parametrize("size", [1000, 4000])
def test_markup_without_an_end_costs_time_in_proportion(size):
    for hostile in ("<script>" * size, "<!--" * size, "<a " * size, "&" * size, "<p" + " a" * size, "<b>" * size):
        assert len(readable(hostile)) <= len(hostile)


@kinds
def test_no_kind_keeps_entities_in_its_answers(kind):
    found = one(kind, company="Ek &amp; S&ouml;ner", name="Kim &eacute;")
    assert "&amp;" not in str(found.fields) and "&eacute;" not in str(found.plain())


def test_an_item_that_is_set_aside_stays_as_it_is():
    (found,) = parse("form", b"{", JSON, {})
    assert isinstance(found, Quarantined)
