"""Addresses and numbers as people and programs write them: the right one, or none; never another one."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.signals import Kind, Parsed, Person
from schemas.sources import Scheme, Source
from services.ingest.app import signals_of
from services.ingest.configured.mapped import read
from services.ingest.normalising.normalise import digest, identities
from services.ingest.normalising.requests import why_nobody
from services.ingest.parsers.finishing.finishing import clean_reach
from services.ingest.parsers.reading.addresses import addresses_in, named_address, normal_address
from services.ingest.parsers.reading.numbers import may_be_number, normal_numbers, read_numbers, shown_number
from services.ingest.parsers.registry import PARSERS

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEY = b"k" * 32
MOBILE, OFFICE = "+46701740605", "+4681234567"


@pytest.mark.parametrize(
    "written",
    [
        "anna@firma.example", "mailto:anna@firma.example", "MAILTO:anna%40firma.example?subject=Hej%20du&cc=bo@x.example", "Anna Ek <anna@firma.example>",
        '"Ek, Anna" <anna@firma.example>', "<anna@firma.example>", "'anna@firma.example'", "anna@firma.example.", "anna@firma.example;", "anna@firma.example>,",
        "\ufeffanna@firma.example", "an\u200bna@firma.example", "anna@firma.example\u00a0", "\u2009anna@firma.example\u202c", "anna%40firma.example",
        "anna(at)firma.example", "anna [at] firma [dot] example", "anna (a) firma.example", "anna @ firma.example", "anna@firma .example", "anna＠firma．example",
        "anna&#64;firma.example", "E-post: anna@firma.example", "[anna@firma.example](mailto:anna@firma.example)", "<mailto:anna@firma.example|anna@firma.example>",
        "anna@firma.example (jobb)", "”anna@firma.example”", "min adress är anna@firma.example", "=anna@firma.example", '="anna@firma.example"', "ANNA@FIRMA.EXAMPLE",
        "anna@firma.example anna@firma.example", "anna@firma.example\r\n",
    ],
)  # fmt: skip
def test_an_address_is_told_from_what_stands_around_it(written):
    assert normal_address(written) == "anna@firma.example"


@pytest.mark.parametrize(
    "written", ["o'brien@x.example", "_anna@x.example", "anna+news@x.example", "anna@åland.example"]
)
def test_what_belongs_to_an_address_stays(written):
    assert addresses_in(written) == (written,)


@pytest.mark.parametrize(
    "written",
    ["anna@firma", "anna.firma.example", "anna@firma,example", "anna ek@firma.example", "a..b@x.example", "@", "null", "x" * 5000 + "@a.example", "", "anna at firma"],
)  # fmt: skip
def test_what_is_no_address_is_none_and_no_part_of_it_is_taken(written):
    assert addresses_in(written) == ()


@pytest.mark.parametrize("between", [", ", ";", " / ", " or ", "\n", " eller "])
def test_several_addresses_in_one_field_are_all_told(between):
    assert addresses_in(f"anna@firma.example{between}bo@byra.example") == ("anna@firma.example", "bo@byra.example")


def test_a_name_beside_an_address_is_told():
    assert named_address('"Anna Ek" <anna@firma.example>') == ("Anna Ek", "anna@firma.example")
    assert named_address("anna@firma.example") == (None, "anna@firma.example")


@pytest.mark.parametrize(
    "written",
    [
        "070-174 06 05", "+46701740605", "+46 70 174 06 05", "0046 70 174 06 05", "46701740605", "701740605", "46701740605.0", "46701740605,0", "4.6701740605E10",
        "4,6701740605E+10", "46,701,740,605", "+46 (0)70-174 06 05", "(070) 174 06 05", "070.174.06.05", "070–174 06 05", "070\u2011174\u00a006\u00a005", "tel:+46701740605",
        "\u202a+46 70 174 06 05\u202c", "＋46７０１７４０６０５", "'0701740605", '="0701740605"', "070-174 06 05 (mobil)", "070-174 06 05(mobil)", "Mobil: 070-174 06 05",
        "Tel070-1740605", "T 070-174 06 05", "070-174 06 05 Anna", "+46 70-174 06 05 (Anna Ek)", "070-174 06 05 (ring efter lunch)", "070-174 06 05 efter kl 17",
        "070-174 06 05 kl. 9:00-17:00", "ca 0701740605", "070-174 06 05?", "070-174 06 05, fax 08-123 45 67", "+0701740605",
    ],
)  # fmt: skip
def test_a_number_is_the_same_however_it_is_written(written):
    assert read_numbers(written, "SE") == ((MOBILE,), None)


@pytest.mark.parametrize(
    ("written", "region", "expected"),
    [
        ("08-123 45 67 ankn 12", "SE", "+4681234567;ext=12"), ("08-123 45 67 anknytning: 12", "SE", "+4681234567;ext=12"), ("08-1234567x12", "SE", "+4681234567;ext=12"),
        ("08-123 45 67, ext 12", "SE", "+4681234567;ext=12"), ("08-123 45 67 #12", "SE", "+4681234567;ext=12"), ("+46 8 123 45 67;ext=12", None, "+4681234567;ext=12"),
        ("08-123 45 67,,12", "SE", "+4681234567;ext=12"), ("+49 30 1234567 App. 12", "DE", "+49301234567;ext=12"), ("030 1234567 Durchwahl 12", "DE", "+49301234567;ext=12"),
        ("01 23 45 67 89 poste 12", "FR", "+33123456789;ext=12"), ("(202) 555-0123 x12", "US", "+12025550123;ext=12"), ("09 1234567 ala 12", "FI", "+35891234567;ext=12"),
    ],
)  # fmt: skip
def test_an_extension_is_part_of_a_number(written, region, expected):
    assert read_numbers(written, region) == ((expected,), None)


@pytest.mark.parametrize(
    "written",
    [
        "070-174 06 05 / 08-123 45 67", "070-174 06 05, 08-123 45 67", "0701740605/081234567", "0701740605;081234567", "070-174 06 05 eller 08-123 45 67",
        "070-174 06 05 (mobil), 08-123 45 67 (arbete)", "+46 70 174 06 05 +46 8 123 45 67", "0701740605 081234567", "070-174 06 05 mobil 08-123 45 67 hem",
        "mobil 070-174 06 05 arbete 08-123 45 67", "070 174 06 05\n08 123 45 67", "070-174 06 05 | 08-123 45 67", "070-174 06 05 & 08-123 45 67",
    ],
)  # fmt: skip
def test_two_numbers_in_one_field_are_both_told(written):
    assert read_numbers(written, "SE") == ((MOBILE, OFFICE), None)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("4.67017E+10", "spreadsheet"), ("4,67E+10", "spreadsheet"), ("070-174 06 O5", "no telephone number"), ("070-1740 6O", "no telephone number"),
        ("070-174 06 OS", "no telephone number"), ("070-XXX XX 05", "no telephone number"), ("070-174 ** **", "no telephone number"), ("08-123456/57", "no telephone number"),
        ("08-123 45 67 (12)", "no telephone number"), ("08 123 45 67 - 12", "no telephone number"), ("0771-FLOWER", "no telephone number"), ("0701740605 p 12", "no telephone number"),
        ("2026-01-31", "a date"), ("112", "no telephone number"), ("hemligt", "no digits"), ("070-174 06 05 och 12", "no telephone number"), ("1" * 300, "longer"),
    ],
)  # fmt: skip
def test_what_is_not_sure_to_be_a_number_is_none_and_says_why(written, why):
    numbers, doubt = read_numbers(written, "SE")
    assert numbers == () and why in doubt


def test_a_number_without_a_country_needs_a_region_and_says_so():
    numbers, doubt = read_numbers("070-174 06 05", None)
    assert numbers == () and "`region`" in doubt and may_be_number("070-174 06 05")
    assert read_numbers("202-555-0123", "US").numbers == ("+12025550123",)


@given(
    st.integers(0, 99),
    st.sampled_from(
        ["070-174 06 {:02}", "+46 70 174 06 {:02}", "46701740{:03}.0", "4.6701740{:03}E10", "070-174 06 {:02} (mobil)"]
    ),
)
def test_no_way_of_writing_gives_another_number(last, way):
    digits = way.format(600 + last if "{:03}" in way else last)
    assert normal_numbers(digits, "SE") == (f"+46701740{600 + last}",)


@given(st.text(alphabet="0123456789+-() ./,;xextanknEO\u202a", max_size=60))
def test_whatever_stands_there_no_number_has_digits_that_were_not_written(written):
    """In their order; a nought in brackets, which is dialled at home only, may be left out."""
    for number in normal_numbers(written, "SE"):
        national = number.removeprefix("+46").partition(";")[0].removeprefix("+")
        said = iter(c for c in written if c.isdigit())
        assert all(digit in said for digit in national)


def test_what_programs_put_around_a_number_is_not_shown():
    assert [shown_number(w) for w in ("46701740605.0", "tel:+46701740605", "\u202a070-174 06 05\u202c", "070-174 06 05 ankn 12")] == [
        "46701740605", "+46701740605", "070-174 06 05", "070-174 06 05 ankn 12",
    ]  # fmt: skip


def parsed(kind=Kind.FORM_SUBMITTED, fields=None, **person):
    return clean_reach(Parsed(kind=kind, person=Person(**person), fields=fields or {}, dedupe_key="k"))


SOURCE = Source(name="web", kind="form", verify=Scheme(scheme="none"), region="SE")


def kinds(item, source=SOURCE):
    return {identity.kind: identity.digest for identity in identities(item, source, KEY)}


def test_both_numbers_of_a_field_are_identities_and_an_extension_makes_another():
    both = [i.digest for i in identities(parsed(phone="070-174 06 05, 08-123 45 67"), SOURCE, KEY) if i.kind == "phone"]
    assert both == [digest(KEY, "phone", "default", number) for number in (MOBILE, OFFICE)]
    assert kinds(parsed(phone="08-123 45 67 ankn 12"))["phone"] != kinds(parsed(phone="08-123 45 67"))["phone"]


def test_an_address_is_cleaned_in_the_facts_and_its_name_is_kept():
    found = parsed(email='"Anna Ek" <mailto:anna@firma.example>')
    assert (found.person.email, found.person.full_name) == ("anna@firma.example", "Anna Ek")


def test_further_addresses_of_a_field_stay_among_the_answers():
    found = parsed(email="anna@firma.example; bo@byra.example")
    assert found.person.email == "anna@firma.example" and found.fields == {
        "(email)": "anna@firma.example; bo@byra.example"
    }


def test_what_is_no_address_at_all_is_an_answer_and_a_slip_stays_to_be_seen():
    assert (parsed(email="n/a").person.email, parsed(email="n/a").fields) == (None, {"(email)": "n/a"})
    assert parsed(email="anna@firma").person.email == "anna@firma"


@pytest.mark.parametrize(
    "kind", [Kind.FORM_SUBMITTED, Kind.MESSAGE_RECEIVED, Kind.CALL_RECEIVED, Kind.SALES_MEETING_BOOKED]
)
def test_a_request_that_names_nobody_says_which_field_and_why(kind):
    item = parsed(kind, email="anna@firma", phone="4.67017E+10", full_name="Anna Ek")
    why = why_nobody(item, identities(item, SOURCE, KEY), "SE")
    assert why is not None and "names nobody" in why and "`email`" in why and "`phone`" in why and "firma" not in why


@pytest.mark.parametrize(
    "item",
    [
        parsed(email="anna@firma.example"), parsed(phone="070-174 06 05"), parsed(Kind.CONTACT_UPDATED, full_name="Anna"),
        parsed().but(mode="test"), parsed().but(automated=True), parsed().but(handover_id="ho_1"),
    ],
)  # fmt: skip
def test_others_are_not_set_aside(item):
    assert why_nobody(item, identities(item, SOURCE, KEY), "SE") is None


def test_the_intake_sets_a_request_of_nobody_aside_and_keeps_the_others():
    bodies = [
        {"name": "Kalle", "message": "Ring mig"},
        {"name": "Kalle", "phone": "070-174 06 05"},
        {"email": "mailto:k@x.example"},
    ]
    read_all = [
        item for body in bodies for item in read("form", json.dumps(body).encode(), "application/json", {}, None)
    ]
    kept = signals_of(SOURCE, read_all, NOW, KEY)
    assert [signal.person.email for signal in kept.signals] == [None, "k@x.example"]
    ((why, where),) = [(item.quarantined, item.where) for item in kept.unclear]
    assert why.startswith("names nobody") and where == "event 1"


def test_who_is_asked_for_at_the_senders_api_is_not_set_aside():
    source = Source(
        name="ads", kind="meta_lead_ads", verify=Scheme(scheme="none"), fetch={"token": "STAFETT_SECRET_META"}
    )
    body = {
        "object": "page",
        "entry": [{"changes": [{"field": "leadgen", "value": {"leadgen_id": "5550001", "form_id": "9"}}]}],
    }
    found = read("meta_lead_ads", json.dumps(body).encode(), "application/json", {}, None)
    assert len(signals_of(source, found, NOW, KEY).signals) == 1
    assert len(signals_of(source.model_copy(update={"fetch": None}), found, NOW, KEY).unclear) == 1
    assert "meta_lead_ads" in PARSERS
