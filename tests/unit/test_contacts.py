"""A table of contacts: what a row says, what is wrong in it, and that values are never told."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.contacts import COLUMNS, Contacts, NoTable

HEAD = "email,phone,stage,owner,since,tags,consent:email,id:crm\n"


def read(text, name="day-one"):
    return list(Contacts(name, {"elin", "17"}.__contains__).rows(io.StringIO(text)))


def only(text):
    (row,) = read(HEAD + text)
    return row


def test_a_row_asserts_stage_owner_consent_and_ids_and_is_an_import():
    row = only("Anna@Example.com,+46701234567,deal,elin,2026-01-31T09:00:00+01:00,a;b,given,77\n")
    parsed = row.parsed
    assert (parsed.mode, parsed.sales.to, parsed.sales.owner_id) == ("import", "deal", "elin")
    assert parsed.occurred_at.isoformat() == "2026-01-31T08:00:00+00:00" and parsed.tags == ("a", "b")
    assert [(c.purpose, c.state) for c in parsed.consents] == [("email", "given")]
    assert [(r.system, r.object, r.id) for r in parsed.references] == [("crm", "person", "77")]
    assert row.findings == ()


@pytest.mark.parametrize(
    ("text", "column", "skipped"),
    [
        ("nobody,,,,,,,\n", "email", True),
        ("a@b.se,,someday,,,,,\n", "stage", False),
        ("a@b.se,,,stranger,,,,\n", "owner", False),
        ("a@b.se,,,,yesterday,,,\n", "since", False),
        ("a@b.se,,,,2026-01-31T09:00:00,,,\n", "since", False),
        ("a@b.se,12,,,,,,\n", "phone", False),
        ("a@b.se,,,,,,maybe,\n", "consent:email", False),
        ("a@b.se,,,,,,,,too,many\n", "", True),
    ],
)
def test_what_is_wrong_is_told_by_line_and_column_and_never_by_value(text, column, skipped):
    row = only(text)
    last = row.findings[-1]
    assert (last.line, last.column, last.skipped, row.parsed is None) == (2, column, skipped, skipped)
    for value in ("nobody,", "someday", "stranger", "yesterday", "maybe"):
        assert value not in "".join(finding.said for finding in row.findings)


MORE = "email,stage,track,owner,disposition,language,industry,country,employees,postcode,deal:crm\n"


def test_a_row_tells_what_segments_and_routing_ask_for():
    (row,) = read(MORE + "a@b.se,Nurturing,growth,elin,active,Svenska,Software,Sverige,120,211 20,D1; D2\n")
    parsed = row.parsed
    assert (parsed.asserted.track, parsed.asserted.disposition, parsed.language) == ("growth", "active", "sv")
    assert (parsed.company.industry, parsed.company.country, parsed.company.employees) == ("Software", "SE", 120)
    assert [(r.object, r.id) for r in parsed.references] == [("deal", "D1"), ("deal", "D2")]
    assert row.findings == ()


def test_what_a_row_says_of_track_place_and_disposition_is_judged():
    (row,) = read(MORE + "a@b.se,deal,growth,,robot,klingon,,Narnia,many,x,\n")
    wrong = {finding.column for finding in row.findings}
    assert wrong == {"track", "disposition", "language", "country", "employees", "postcode"}
    assert (row.parsed.asserted.track, row.parsed.asserted.disposition) == (None, "do_not_contact")


def test_a_deal_alone_names_nobody():
    (row,) = read("email,deal:crm\n,D1\n")
    assert row.parsed is None


def test_a_consent_that_is_not_understood_counts_as_withdrawn():
    assert only("a@b.se,,,,,,maybe,\n").parsed.consents[0].state == "withdrawn"


def test_the_same_person_twice_is_told_with_the_first_line():
    rows = read(HEAD + "a@b.se,,contact,,,,,\nA@B.se,,deal,,,,,\n")
    assert "line 2" in rows[1].findings[0].said and rows[1].parsed is not None


def test_the_same_row_is_the_same_fact_and_another_name_makes_it_another():
    text = HEAD + "a@b.se,,deal,,,,,\n"
    assert read(text)[0].parsed.dedupe_key == read(text)[0].parsed.dedupe_key
    assert read(text)[0].parsed.dedupe_key != read(text, "again")[0].parsed.dedupe_key


@pytest.mark.parametrize("head", ["", "email,nonsense\n", "email,email\n", "stage,owner\n", "email,consent:\n"])
def test_a_header_that_is_not_understood_is_refused(head):
    with pytest.raises(NoTable):
        read(head + "a,b\n")


@given(st.lists(st.lists(st.text(max_size=12), min_size=8, max_size=8), max_size=8))
def test_any_values_give_one_row_each_and_never_an_error(table):
    import csv

    file = io.StringIO()
    writer = csv.writer(file)
    names = [*COLUMNS[:5], "since", "consent:email", "id:crm"]
    writer.writerow(names)
    kept = [[value.replace("\0", "").replace("\r", " ").replace("\n", " ") for value in row] for row in table]
    writer.writerows(kept)
    rows = read(file.getvalue())
    assert len(rows) == len(kept)
    assert all((row.parsed is None) == any(f.skipped for f in row.findings) for row in rows)
