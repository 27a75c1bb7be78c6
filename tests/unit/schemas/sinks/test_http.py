"""A CRM that is described by its requests: what the page shows loads, and each mistake is told at its line with what to do."""

import re
from pathlib import Path

import pytest

from schemas.sinks import SinksFile
from schemas.yamlfile import FileError, load

PAGE = Path("docs/crms/http.md").read_text()
(FILE,) = re.findall(r"^```yaml\n(version: 1\nsinks:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def problems(text):
    with pytest.raises(FileError) as refused:
        load(text, SinksFile, "sinks.yaml")
    return refused.value.problems


def test_short_forms_are_the_same_as_long_ones():
    (sink,) = load(FILE, SinksFile, "sinks.yaml").sinks
    assert (sink.secrets, sink.headers["X-Tenant"].value) == (("STAFETT_SECRET_CRM_TOKEN",), "nordlys")
    assert sink.records.contact.values["email"].member == "email" and sink.records.contact.key.member == "ref"
    assert len(sink.records.contact.find) == 2 and len(sink.records.opportunity.find) == 1
    assert [kind for kind, _ in sink.records.items()] == ["contact", "company", "opportunity", "note", "task"]


@pytest.mark.parametrize(
    ("part", "mistake", "place", "rule"),
    [
        (
            "?email={email}",
            "?email={emial}",
            "records.contact.find.0.path",
            "`{emial}` is no placeholder here; did you mean `email`?",
        ),
        ("?email={email}", "?email={email", "records.contact.find.0.path", "a brace without its other half"),
        (
            "?email={email}",
            "?email={email}&ref={key}",
            "records.contact.find.0.path",
            "a question is by one of key, email, phone and marker",
        ),
        ('"/deals/{id}", answer', '"/deals/1", answer', "records.opportunity.read.path", "the path has no `{id}`"),
        (
            '"/comments/{id}", body',
            '"/comments/{key}", body',
            "records.note.change.path",
            "`{key}` is no placeholder here",
        ),
        (
            '      read: {method: GET, path: "/comments/{id}", answer: data}\n',
            "",
            "records.note.change",
            "`read` and `change` come together",
        ),
        (
            '      find: {path: "/deals?ref={key}", rows: data.items, proof: ref}\n',
            "",
            "records.opportunity",
            "would be made twice",
        ),
        (
            "      key: ref\n      values: {name",
            "      values: {name",
            "records.opportunity.find.0.path",
            "`key` has to name the member",
        ),
        (
            "        state: {member: is_done, words: {open: false, done: true}}\n",
            "",
            "records.task.cancel",
            "needs `values: {state: ...}`",
        ),
        ("X-Tenant: nordlys", "Idempotency-Key: x", "headers.Idempotency-Key", "is set by Stafett itself"),
        (
            "X-Tenant: nordlys",
            "X-Tenant: {value: a, secret: STAFETT_SECRET_A}",
            "headers.X-Tenant",
            "one of `value` and `secret`",
        ),
        (
            "status: 200, member: error.code, value: try_again,",
            "status: 200,",
            "answers.0.member",
            "trouble only by a `member`",
        ),
        ("status: 422, means: refused_data", "status: 422, means: unclear", "answers.2.means", "must be 'throttled'"),
        ("values: {text: text}", "values: {text: text, colour: x}", "records.note.values", ""),
        ("path: /deals,", "path: deals,", "records.opportunity.make.path", ""),
    ],
)  # fmt: skip - one mistake a line
def test_a_mistake_is_told_at_its_place_with_what_is_meant(part, mistake, place, rule):
    assert FILE.count(part) >= 1
    found = problems(FILE.replace(part, mistake, 1))
    assert any(f": sinks.0.{place}" in problem and rule in problem for problem in found), found


def test_an_opportunity_that_cannot_be_changed_is_no_use():
    lines = [line for line in FILE.splitlines() if '"/deals/{id}"' not in line]
    assert any("a second offer gives it another owner" in problem for problem in problems("\n".join(lines)))


def test_a_receiver_that_keeps_keys_needs_no_questions():
    lines = [line for line in FILE.splitlines() if "proof:" not in line and line.strip() != "find:"]
    text = "\n".join(lines)
    assert len(problems(text)) >= 1
    kept = text.replace("  kind: http\n", "  kind: http\n  keeps_idempotency_key: true\n")
    assert load(kept, SinksFile, "sinks.yaml").sinks[0].records.task.find == ()
