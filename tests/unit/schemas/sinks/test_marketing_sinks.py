"""The marketing part of the sinks file: what each platform has, and that an audience means one thing."""

import re
import textwrap
from pathlib import Path

import pytest

from schemas.sinks import SinksFile
from schemas.yamlfile import FileError, load

PAGE = Path(__file__).parents[4] / "docs/marketing-sinks.md"
MAUTIC = """\
version: 1
marketing:
  - name: mail
    kind: mautic
    base_url: https://mautic.example.com
    login: stafett
    secret: STAFETT_SECRET_MAUTIC
"""
MAILCHIMP = """\
version: 1
marketing:
  - name: mail
    kind: mailchimp
    base_url: https://us6.api.mailchimp.com/3.0
    audience: a1b2c3
    secret: STAFETT_SECRET_MAILCHIMP
"""


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        (MAUTIC + "    suppression: {segment: '1', tag: a}\n", 8,
         "suppression: an audience is one of `list`, `segment`, `tag` and `automation`"),
        (MAUTIC + "    suppression: {exempt: {}}\n", 8,
         "suppression: an audience is one of `list`, `segment`, `tag` and `automation`"),
        (MAUTIC + "    tracks:\n      recycle: {list: '7'}\n", 9,
         "tracks.recycle.list: this platform has no `list`; it has `segment`, `tag`, `automation`"),
        (MAILCHIMP + "    programmes:\n      a:\n        segment: '7'\n", 10,
         "programmes.a.segment: this platform has no `segment`; it has `tag`"),
        (MAUTIC + "    suppression: {segment: '1'}\n    tracks: {recycle: {segment: '1'}}\n", 9,
         "tracks.recycle.segment: `1` is named for something else as well"),
        (MAUTIC + "    suppression: {segment: 1/2}\n", 8,
         "suppression.segment: must be the id of an audience there"),
        (MAUTIC + "    supression: {segment: '1'}\n", 8, "supression: unknown key; did you mean `suppression`?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_line(text, line, rule):
    with pytest.raises(FileError) as refused:
        load(text, SinksFile, "sinks.yaml")
    (problem,) = refused.value.problems
    assert problem.startswith(f"sinks.yaml:{line}: marketing.0.{rule}")


def test_tracks_and_programmes_may_share_an_audience():
    text = MAUTIC + "    tracks: {recycle: {tag: a}, warm_up: {tag: a}}\n    programmes: {b: {tag: a}}\n"
    (sink,) = load(text, SinksFile, "sinks.yaml").marketing
    assert sink.tracks["recycle"].ids() == (("tag", "a"),) and not sink.create


def test_hard_alone_needs_no_audience():
    (sink,) = load(MAILCHIMP + "    suppression: {hard: true}\n", SinksFile, "sinks.yaml").marketing
    assert sink.suppression.hard and sink.suppression.ids() == ()


def test_a_crm_and_a_platform_have_names_of_their_own():
    crm = "sinks:\n  - {name: mail, kind: odoo, base_url: 'https://odoo.example.com', database: d, secret: STAFETT_SECRET_ODOO}\n"
    with pytest.raises(FileError, match=r"marketing.0.name: two sinks are called `mail`"):
        load(MAUTIC + crm, SinksFile, "sinks.yaml")


def examples_of_the_page():
    """The entries of docs/marketing-sinks.md, indented by four blanks there."""
    blocks = re.findall(r"(?:^    .*\n)+", PAGE.read_text(), flags=re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks if "kind: " in block]


def test_the_page_has_an_example_of_each_kind_and_each_loads():
    kinds = set()
    for block in examples_of_the_page():
        text = block if block.startswith("marketing:") else f"marketing:\n{textwrap.indent(block, '  ')}"
        (sink,) = load(f"version: 1\n{text}", SinksFile, "page").marketing
        kinds.add(sink.kind)
    assert kinds == {"mautic", "mailchimp", "activecampaign", "hubspot", "http"}
