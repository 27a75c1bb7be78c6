"""`stafett source`: what would be read and where it stands; accepted or refused, and why."""

import hmac
import io
import json
import sys

import pytest

from services.cli.main import main

SCHEME = "scheme: hmac\nheader: X-Sig\ntimestamp_header: X-Time\ntemplate: '{timestamp}.{body}'\n"


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    def call(body, *args):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
        status = main(["source", *args])
        out = capsys.readouterr()
        return status, out.out, out.err

    return call


@pytest.fixture
def verify(run, monkeypatch, tmp_path):
    file = tmp_path / "scheme.yaml"
    file.write_text(SCHEME)
    monkeypatch.setenv("SEALED", "k")

    def call(body, *more, at="1000"):
        status, out, _ = run(body, "verify", "--scheme", str(file), "--secret-env", "SEALED", "--at", at, *more)
        return status, json.loads(out)

    return call


def signed(body, stamp="1000"):
    return (
        "--header",
        f"X-Sig: {hmac.digest(b'k', f'{stamp}.'.encode() + body, 'sha256').hex()}",
        "--header",
        f"X-Time: {stamp}",
    )


def test_a_genuine_delivery_is_accepted_and_shows_what_was_signed(verify):
    status, said = verify(b"hello", *signed(b"hello"))
    assert (status, said["accepted"], said["signed"], said["late_seconds"]) == (0, True, "1000.hello", 0)


def test_an_altered_one_is_refused_with_what_was_expected_and_given(verify):
    status, said = verify(b"hellO", *signed(b"hello"))
    assert (status, said["accepted"], said["code"], said["signed"]) == (1, False, "wrong", "1000.hellO")
    assert said["expected"] != said["given"]


def test_a_late_one_is_refused_with_how_late(verify):
    status, said = verify(b"hello", *signed(b"hello"), at="1970-01-01T00:30:00Z")
    assert (status, said["code"], said["late_seconds"], said["tolerance_seconds"]) == (1, "late", 800, 300)


def test_one_without_proof_says_which_header_is_missing(verify):
    status, said = verify(b"hello", "--header", "X-Other: 1")
    assert (status, said["code"]) == (1, "missing") and "X-Sig" in said["why"] and "x-other" in said["why"]


def test_a_wrong_call_is_told_so(run, tmp_path):
    (tmp_path / "bad.yaml").write_text("scheme: hmac\nsecrets: [STAFETT_SECRET_X]\n")
    status, _, err = run(b"", "verify", "--scheme", str(tmp_path / "bad.yaml"))
    assert status == 2 and "header" in err
    assert run(b"", "verify", "--scheme", str(tmp_path / "none.yaml"))[0] == 2
    assert run(b"", "verify", "--scheme", str(tmp_path / "bad.yaml"), "--secret-env", "NOT_SET_AT_ALL")[0] == 2


def test_try_says_what_would_be_read_and_where_it_stands(run):
    body = json.dumps({"data": {"contact": {"email": "a@b.example", "id": 7}}}).encode()
    status, out, _ = run(body, "try", "generic")
    said = json.loads(out)
    assert status == 0 and said["person"]["email"] == "a@b.example"
    assert said["found_at"] == {"person.email": ["$.data.contact.email"], "external_id": ["$.data.contact.id"]}


def test_try_uses_the_meaning_of_a_configured_source(run, tmp_path):
    file = tmp_path / "sources.yaml"
    file.write_text(
        "version: 1\nsources:\n"
        "  - {name: crm, kind: generic, may: [sales], verify: {scheme: none}, sales: {accepted: ['3']}}\n"
        "  - {name: anybody, kind: generic, verify: {scheme: none}}\n"
    )
    body = json.dumps(
        {
            "data": {"id": 1, "stage_id": 3},
            "meta": {"event_type": "updated", "type": "deal"},
            "previous": {"stage_id": 2},
        }
    ).encode()
    assert json.loads(run(body, "try", "generic")[1])["kind"] == "sales.stage_changed"
    assert (
        json.loads(run(body, "try", "generic", "--sources", str(file), "--name", "crm")[1])["kind"] == "sales.accepted"
    )
    assert run(body, "try", "generic", "--sources", str(file), "--name", "other")[0] == 2
    status, said, _ = run(body, "try", "generic", "--sources", str(file), "--name", "anybody")
    assert status == 3 and json.loads(said)["quarantined"].startswith("may not say sales (sales.stage_changed)")


def test_try_sets_aside_what_it_cannot_read(run):
    assert run(b"{", "try", "generic")[0] == 3
    assert run(b"{", "try", "nonsense")[0] == 2
