"""Multipart forms: what browsers and scripts send, and what is made to cost."""

import pytest

from schemas.signals import Parsed
from services.ingest.parsers.registry import parse
from services.ingest.quarantine.stripping import hide_secrets

SAID = "multipart/form-data; boundary=edge"


def fields(body, said=SAID):
    (found,) = parse("form", body, said, {})
    return found.fields if isinstance(found, Parsed) else found.quarantined


def part(name, content, more=""):
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n{more}\r\n{content}\r\n'


@pytest.mark.parametrize(
    "content", ["two\nlines", "a\n--edge\nb", "a\r--edge\rb", "a\r\n--edgewise\r\nb", "", "x--edge"]
)
def test_only_a_line_of_the_boundary_divides(content):
    assert fields((part("q", content) + part("z", "1") + "--edge--\r\n").encode()) == {
        n: v for n, v in {"q": content, "z": "1"}.items() if v
    }


@pytest.mark.parametrize(
    ("content", "more", "read"),
    [
        ("R=F6d", "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n", "Röd"),
        ("Ymzl", "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n", "blå"),
        ("no base64 at all", "Content-Transfer-Encoding: base64\r\n", "no base64 at all"),
        ("plain", "X-Folded: a\r\n b\r\n", "plain"),
    ],
)  # fmt: skip
def test_a_parts_own_encoding_and_charset_are_read(content, more, read):
    assert fields((part("q", content, more) + "--edge--").encode()) == {"q": read}


def test_a_form_can_name_its_charset_in_a_field():
    body = part("_charset_", "windows-1252").encode() + part("q", "?").encode().replace(b"?", b"\x80 5") + b"--edge--"
    assert fields(body) == {"q": "€ 5"}


def test_line_ends_of_a_script_and_a_missing_last_boundary_are_borne():
    body = part("a", "1") + part("b", "2")
    assert fields(body.replace("\r\n", "\n").encode() + b"--edge--\n") == {"a": "1", "b": "2"}
    assert fields(b"\r\n" + body.encode()) == {"a": "1", "b": "2"}


def test_json_in_a_part_is_read_and_a_file_is_only_named():
    body = part("data", '{"email": "jo@part.example", "colour": "red"}', "Content-Type: application/json\r\n")
    body += '--edge\r\nContent-Disposition: form-data; name="cv"; filename="my \\"cv\\".pdf"\r\n\r\n%PDF\r\n--edge--'
    (found,) = parse("form", body.encode(), SAID, {})
    assert found.person.email == "jo@part.example"
    assert found.fields == {"colour": "red", "cv": {"file": 'my "cv".pdf'}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"--edge\r\n\r\n\r\n" * 2002 + b"--edge--", "over 2000 parts"),
        (b"--edge\r\nX: " + b"a" * 9000 + b"\r\n\r\nx\r\n--edge--", "a part's headers are over 8192 bytes"),
        (part("a", "x", "Content-Type: multipart/mixed; boundary=inner\r\n").encode(), "a part is divided itself"),
        (b"--edge\r\nContent-Type: text/plain\r\n\r\nx\r\n--edge--", "a part has no name"),
        (b"--other\r\n\r\nx", "the body is not divided by its boundary"),
    ],
)
def test_a_bomb_is_set_aside_before_its_parts_are_read(body, reason):
    assert fields(body) == reason


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"name=G%F6ran", "application/x-www-form-urlencoded; charset=iso-8859-1"),
        ("name=Göran".encode("latin-1"), 'application/x-www-form-urlencoded; charset="ISO-8859-1"'),
        (b"_charset_=iso-8859-1&name=G%F6ran", "application/x-www-form-urlencoded"),
        ('{"name": "Göran"}'.encode("latin-1"), "application/json; charset=latin1"),
        ('{"name": "Göran"}'.encode("utf-16"), "application/json; charset=utf-16"),
        ("name=Göran".encode(), "application/x-www-form-urlencoded; charset=punycode"),
    ],
)
def test_the_declared_charset_is_honoured_where_it_is_one_of_text(body, said):
    (found,) = parse("form", body, said, {})
    assert found.person.full_name == "Göran"


def test_a_secret_in_a_part_is_stripped_and_heads_without_end_are_gone_through_once():
    kept = hide_secrets(part("password", "hush", "Content-Type: text/plain\r\n").encode() + part("q", "1").encode())
    assert b"hush" not in kept and b"1" in kept
    endless = b'name="password"\r\n' * 60_000
    assert hide_secrets(endless) == endless
