"""A file that somebody made to be endless ends with a rule, in bounded time (L6)."""

import time

import pytest

from schemas.api_keys import KeysFile
from schemas.yamlfile import FileError, load

LINES = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
NINE_TO_NINE = "\n".join(["l0: &l0 [x, x, x, x, x, x, x, x, x]", *LINES])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (NINE_TO_NINE, "aliases make over 100000 values"),
        ("version: 1\nkeys: &a [*a]\n", "an alias stands for what it is itself in"),
        ("version: 1\nkeys: &a {b: {c: *a}}\n", "an alias stands for what it is itself in"),
        ("keys: " + "[" * 50_000, "nested too deeply"),
        ("a: " + "{b: " * 50_000, "nested too deeply"),
        ("\n".join(f"k{n}: 1" for n in range(250_000)), "has over 100000 keys and values"),
        ("a: &a {x: 1}\nb: &b {<<: [*a, *a], y: 1}\n<<: *b\n", "unknown key"),
    ],
    ids=["9^9 aliases", "of itself", "of itself within", "deep lists", "deep keys", "250,000 keys", "merged keys"],
)
def test_l6_a_file_without_an_end_is_refused_with_its_rule(text, rule):
    begun = time.process_time()
    with pytest.raises(FileError, match=rule):
        load(text, KeysFile, "keys.yaml")
    assert time.process_time() - begun < 10


def test_l6_of_many_problems_a_hundred_are_told():
    with pytest.raises(FileError) as refused:
        load("\n".join(f"k{n}: 1" for n in range(5000)), KeysFile, "keys.yaml")
    assert len(refused.value.problems) == 101
    assert refused.value.problems[-1] == "keys.yaml:1: and 4901 more problems"


def test_l6_an_alias_that_is_used_twice_is_no_bomb():
    text = "version: 1\nkeys:\n  - &a {name: a, sha256: %s, scopes: &s ['leads:read']}\n  - {name: b, sha256: %s, scopes: *s}\n"
    found = load(text % ("0" * 64, "1" * 64), KeysFile, "keys.yaml")
    assert found.keys[0].scopes == found.keys[1].scopes == ("leads:read",)
