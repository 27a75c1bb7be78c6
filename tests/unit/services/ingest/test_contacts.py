"""A table of contacts: what a row says, what is wrong in it, and that values are never told."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.contacts.columns import COLUMNS, column_named, columns_of, likely_column
from services.ingest.contacts.contacts import Contacts
from services.ingest.contacts.spreadsheets import Dialect, NoTable, dialect_of, open_table, read_heading

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
        assert value not in "".join(finding.text for finding in row.findings)


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
    assert "line 2" in rows[1].findings[0].text and rows[1].parsed is not None


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
    assert len(rows) == sum(any(value.strip() for value in row) for row in kept), "a line without any value is none"
    assert all((row.parsed is None) == any(f.skipped for f in row.findings) for row in rows)


ROWS = "email;phone;full_name;company\nasa@nordkust.example;070-174 06 05;Åsa Öberg;Nordkust AB\n"


def file_of(folder, content):
    path = folder / "leads.csv"
    path.write_bytes(content)
    return path


def read_file(path):
    dialect = dialect_of(path)
    with open_table(path, dialect.encoding) as file:
        return dialect, list(Contacts("day-one", {"elin"}.__contains__, "SE").rows(file))


@pytest.mark.parametrize("mark", ["", "sep={sign}\n", "\n\n"])
@pytest.mark.parametrize("sign", [";", "\t", ",", "|"])
@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"),
    ],
)  # fmt: skip
def test_a_table_is_read_as_spreadsheets_save_it(tmp_path, encoding, name, sign, mark):
    text = mark.format(sign=sign) + ROWS.replace(";", sign).replace("\n", "\r\n")
    dialect, (row,) = read_file(file_of(tmp_path, text.encode(encoding)))
    assert dialect.description().startswith(name) and dialect.delimiter == sign
    assert (
        row.findings == () and row.parsed.person.full_name == "Åsa Öberg" and row.parsed.company.name == "Nordkust AB"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (ROWS.encode() + b"bo@nordkust.example;;Bj\xf6rn;\n", "UTF-8 in part only"), (ROWS.encode("mac_roman").replace(b"\xc5", b"\x81"), "neither"),
    ],
)  # fmt: skip
def test_characters_that_cannot_be_told_are_refused_rather_than_guessed(tmp_path, content, why):
    with pytest.raises(NoTable, match=why):
        dialect_of(file_of(tmp_path, content))


def test_what_parts_columns_is_not_looked_for_in_quotes():
    assert read_heading(io.StringIO('email,"a;b;c;d"\n')).delimiter == ","
    assert read_heading(io.StringIO("email\n")).delimiter == ","
    assert Dialect("utf-8", ";").description() == "UTF-8, columns parted by semicolons"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("E-mail", "email"), ("EMAIL", "email"), (" Email ", "email"), ("First Name", "first_name"), ("FirstName", "first_name"), ("first-name", "first_name"), ("Full name", "full_name"),
        ("Consent:newsletter", "consent:newsletter"), ("ID: hubspot", "id:hubspot"), ("\ufeffemail", "email"), ("Post code", "postcode"), ("consent:", None), ("Förnamn", None), ("consent", None),
    ],
)  # fmt: skip
def test_case_blanks_and_dashes_of_a_columns_name_do_not_matter(written, name):
    assert column_named(written) == name


@pytest.mark.parametrize(
    ("written", "likely"),
    [
        ("E-postadress", "email"), ("Förnamn", "first_name"), ("Efternamn", "last_name"), ("Namn", "full_name"), ("Mobilnummer", "phone"), ("Telefon", "phone"), ("Företag", "company"),
        ("Hemsida", "domain"), ("Land", "country"), ("Postnummer", "postcode"), ("Ägare", "owner"), ("Lifecycle Stage", "stage"), ("Created At", "since"), ("Newsletter", "consent:PURPOSE"),
        ("Kundnummer", "id:SYSTEM"), ("Deal ID", "deal:SYSTEM"), ("stagee", "stage"), ("Skostorlek", None),
    ],
)  # fmt: skip
def test_the_likely_column_of_an_unknown_name(written, likely):
    assert likely_column(written) == likely


def test_each_unknown_column_is_named_with_the_likely_one():
    with pytest.raises(NoTable) as caught:
        columns_of(["email", "Förnamn", "Skostorlek", "Kundnummer"])
    said = str(caught.value)
    assert (
        "3 unknown columns" in said
        and "`Förnamn` (likely `first_name`)" in said
        and "`Skostorlek`," in said
        and "`Kundnummer` (likely `id:SYSTEM`)" in said
    )


def test_a_first_row_that_is_somebodys_data_is_not_told():
    with pytest.raises(NoTable) as caught:
        columns_of(["asa@nordkust.example", "Åsa Öberg", "070-174 06 05"])
    assert "no header" in str(caught.value) and "sa" not in str(caught.value).partition(";")[0].replace("say", "")
    with pytest.raises(NoTable) as caught:
        columns_of(["email", "asa@nordkust.example"])
    assert "nordkust" not in str(caught.value)


@pytest.mark.parametrize("names", [["E-mail", "email"], ["First Name", "first_name", "email"]])
def test_two_columns_of_one_meaning_are_refused(names):
    with pytest.raises(NoTable, match="twice"):
        columns_of(names)


def test_columns_without_a_name_are_passed_over_unless_something_stands_there():
    empty, full = read("email;phone;;\na@b.example;;;\nc@d.example;;x;\n")
    assert empty.findings == () and [f.text for f in full.findings] == [
        "has a value in a column without a name; not imported"
    ]


def test_lines_without_any_value_are_none():
    assert len(read("email;phone\na@b.example;\n;\n\n")) == 1


def test_a_row_with_a_number_alone_names_somebody_and_says_where_it_does_not():
    one, other = read("email,phone\n,+46701740605\n,070-174 06 05\n")
    assert one.parsed is not None and one.findings == ()
    assert other.parsed is None and other.findings[0].column == "phone" and "`region`" in other.findings[0].text


@pytest.mark.parametrize(
    ("number", "doubt"),
    [("46701740605.0", None), ("46701740605,0", None), ("4,67017E+10", "spreadsheet"), ("070-174 06 05 ankn 12", None), ("070-174 06 05 (mobil)", None), ("070-174 06 O5", "no telephone number")],
)  # fmt: skip
def test_what_a_spreadsheet_did_to_a_number_is_undone_or_told(number, doubt):
    row = next(iter(Contacts("x", str, "SE").rows(io.StringIO(f"email;phone\na@b.example;{number}\n"))))
    assert [f.column for f in row.findings] == (["phone"] if doubt else []) and (
        not doubt or doubt in row.findings[0].text
    )


def test_addresses_are_cleaned_and_several_are_told():
    one, two = read('email;full_name\n"Åsa <mailto:asa@nordkust.example>";\na@b.example, c@d.example;X\n')
    assert (one.parsed.person.email, one.parsed.person.full_name, one.findings) == ("asa@nordkust.example", "Åsa", ())
    assert two.parsed.person.email == "a@b.example" and "first is taken" in two.findings[0].text


def test_a_since_that_has_not_come_is_told():
    head = "email;since\na@b.example;2026-12-01T09:00:00+01:00\n"
    now = datetime(2026, 11, 24, tzinfo=UTC)
    row = next(iter(Contacts("x", str, now=now).rows(io.StringIO(head))))
    assert row.parsed.occurred_at is None and [(f.column, f.skipped) for f in row.findings] == [("since", False)]
    assert "future" in row.findings[0].text
    later = next(iter(Contacts("x", str, now=now + timedelta(days=30)).rows(io.StringIO(head))))
    assert later.parsed.occurred_at is not None and later.findings == ()


@pytest.mark.parametrize("written", ["50,0", "50.0", "50"])
def test_decimal_commas_of_a_number_of_people(written):
    (row,) = read(f"email;employees\na@b.example;{written}\n")
    assert row.parsed.company.employees == 50 and row.findings == ()
