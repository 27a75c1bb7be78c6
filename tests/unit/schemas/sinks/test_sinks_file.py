"""The sinks file as people write it: the example loads, and each mistake is told at its line with what to do."""

import re

import pytest

from schemas.sinks import SinksFile
from schemas.yamlfile import FileError, load
from tests.setups import EXAMPLES

EXAMPLE = (EXAMPLES / "sinks.yaml").read_text()
SINK = """\
version: 1
sinks:
  - name: crm
    kind: odoo
    base_url: https://odoo.example.com
    database: d
    secret: STAFETT_SECRET_ODOO
"""


def uncommented():
    head, there, rest = EXAMPLE.partition("sinks: []\n")
    assert there
    return f"{head}sinks:\n{re.sub('^#', '', rest, flags=re.MULTILINE)}"


def test_the_example_has_no_sink_and_what_is_commented_out_is_one():
    assert load(EXAMPLE, SinksFile, "sinks.yaml").sinks == ()
    file = load(uncommented(), SinksFile, "sinks.yaml")
    (sink,), (mautic,) = file.sinks, file.marketing
    assert mautic.suppression.ids() == (("segment", "12"),) and mautic.suppression.exempt["newsletter"].tag
    assert (sink.kind, sink.mode, sink.target) == ("odoo", "dry_run", "sink/odoo")
    assert sink.fields.opportunity["x_need"].join == ("answers.need", "dossier.next_step")


@pytest.mark.parametrize(
    ("mistake", "line", "rule"),
    [
        ("    stages: {offered: '1', accepted: '1'}\n", 8,
         "stages.accepted: `1` is the stage of `offered` as well, so what stands there would mean both"),
        ("    fields:\n      contact:\n        x_a: contact.emial\n", 10,
         "fields.contact.x_a.of: `contact.emial` is no fact of a hand-over; did you mean `contact.email`?; docs/sinks.md lists them"),
        ("    fields: {contact: {x_a: {of: contact.email, value: b}}}\n", 8,
         "fields.contact.x_a: a field has one of `of`, `join` and `value`"),
        ("    fields: {deal: {x_a: contact.email}}\n", 8,
         "fields.deal: unknown key; there are contact, company, opportunity"),
        ("    databse: d\n", 8, "databse: unknown key; did you mean `database`?"),
        ("    pipeline: p\n", 8, "pipeline: unknown key; there are "),
        ("    mode: dry\n", 8, "mode: must be 'check', 'dry_run' or 'live'"),
        ("    source: a b\n", 8, "source: a name has a to z, 0 to 9, - and _, and at most 63 of them"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_line_with_what_is_meant(mistake, line, rule):
    with pytest.raises(FileError) as refused:
        load(SINK + mistake, SinksFile, "sinks.yaml")
    (problem,) = refused.value.problems
    assert problem.startswith(f"sinks.yaml:{line}: sinks.0.{rule}")


def test_an_unknown_kind_names_those_that_there_are():
    with pytest.raises(FileError, match=r"`kind` is none of .*odoo.*; did you mean `odoo`"):
        load(SINK.replace("kind: odoo", "kind: oddo"), SinksFile, "sinks.yaml")
    with pytest.raises(FileError, match=r"sinks.yaml:3: sinks.0: `kind` is missing"):
        load(SINK.replace("    kind: odoo\n", ""), SinksFile, "sinks.yaml")


def test_two_sinks_of_one_name_are_told_at_the_second():
    with pytest.raises(FileError, match=r"sinks.yaml:8: sinks.1.name: two sinks are called `crm`"):
        load(SINK + SINK.partition("sinks:\n")[2], SinksFile, "sinks.yaml")


def test_plain_http_needs_a_word_for_it():
    plain = SINK.replace("https://", "http://")
    with pytest.raises(FileError, match="plain http is for private addresses only, with `allow_private: true`"):
        load(plain, SinksFile, "sinks.yaml")
    assert load(plain + "    allow_private: true\n", SinksFile, "sinks.yaml").sinks[0].allow_private
