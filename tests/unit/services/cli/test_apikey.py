"""`stafett apikey` prints what goes into the file, and the file takes what it prints."""

import pytest

from schemas.api_keys import KeysFile, digest_of
from schemas.yamlfile import FileError, load
from services.cli.main import main


def file_of(printed):
    entry = printed[printed.index("  - name") :]
    return load(f"version: 1\nkeys:\n{entry}", KeysFile, "api_keys.yaml").keys[0]


def test_a_key_and_its_entry_with_a_life(capsys):
    words = ["apikey", "lab", "--scope", "leads:read", "--scope", "events:read", "--brand", "nord", "--brand", "sol"]
    assert main([*words, "--expires", "2027-01-01T00:00:00+01:00"]) == 0
    printed = capsys.readouterr().out
    key = printed.split("only now: ")[1].split()[0]
    found = file_of(printed)
    assert found.digest == digest_of(key) and key.startswith("sk_") and key not in printed[printed.index("- name") :]
    assert (found.brands, found.expires.isoformat()) == (("nord", "sol"), "2027-01-01T00:00:00+01:00")
    assert found.scopes == ("leads:read", "events:read")


def test_the_entry_of_a_key_that_is_there_already(capsys, monkeypatch):
    monkeypatch.setattr(
        "sys.stdin", type("In", (), {"isatty": lambda s: False, "readline": lambda s: "sk_old_key\n"})()
    )
    assert main(["apikey", "old", "--scope", "leads:read", "--hash"]) == 0
    printed = capsys.readouterr().out
    assert file_of(printed).sha256 == digest_of("sk_old_key") and "sk_old_key" not in printed


@pytest.mark.parametrize(
    "words",
    [
        ["apikey", "x"],
        ["apikey", "--scope", "leads:read"],
        ["apikey", "x", "--scope", "commands:write", "--person", "elin", "--acts-as", "everybody"],
    ],
)
def test_what_makes_no_entry_is_refused(words, capsys):
    assert main(words) == 2 and capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("{name: a, scopes: []}", "say either `sha256`"),
        ("{name: a, sha256: %s, key: sk_long_enough_to_be_a_key_, scopes: []}" % ("0" * 64), "say either `sha256`"),
        ("{name: a, key: sk_short, scopes: []}", "at least 24 characters"),
        ("{name: a, sha256: %s, scopes: [], person: elin, acts_as: everybody}" % ("0" * 64), "acts as nobody else"),
        ("{name: a, sha256: %s, scopes: [], expires: 2027-01-01T00:00:00}" % ("0" * 64), "needs a zone"),
        ("{name: a, sha256: %s, scopes: [], brands: []}" % ("0" * 64), "at least 1"),
        (", ".join(f"{{name: a, sha256: {digit * 64}, scopes: []}}" for digit in "01"), "same name"),
    ],
)
def test_an_entry_that_says_too_much_or_too_little_is_refused_without_the_key(entry, rule):
    with pytest.raises(FileError, match=rule) as refused:
        load(f"version: 1\nkeys: [{entry}]\n", KeysFile, "api_keys.yaml")
    assert "sk_" not in str(refused.value)
