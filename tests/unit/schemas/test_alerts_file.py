"""The alerts' file: what is refused, with the line and what to do; the examples are as they are said to be."""

import re
from pathlib import Path

import pytest
import yaml

from schemas.alerts import AlertsFile
from schemas.roster import Member
from schemas.yamlfile import FileError, load, plain_data
from tests.alerting import MAIL
from tests.setups import EXAMPLES

DOCS = EXAMPLES.parents[1] / "docs"


def problems(text):
    with pytest.raises(FileError) as refused:
        load(text, AlertsFile, "alerts.yaml")
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("channels:\n  - {name: a, kind: fax}\n", 3, "kind"),
        ("channels: []\nroutes:\n  - {channels: [mial]}\n", 4, "`mial` is not among `channels`"),
        ("channels:\n  - {name: a, kind: teams, url: https://x}\n", 3, "a secret is the name of a setting"),
        ("channels:\n  - {name: a, kind: alertmanager, url: 'http://x'}\n", 3, "allow_private"),
        ("channels:\n  - {name: a, kind: email, host: h, from: nobody}\n", 3, "e-mail address"),
        ("channels:\n  - {name: a, kind: email, host: h, from: a@b.c, username: u}\n", 3, "give both, or neither"),
        ("channels:\n  - {name: a, kind: email, host: h, from: a@b.c, tls: none}\n", 3, "in clear"),
        ("group_wait: soon\n", 2, "duration"),
        ("quiet_hours: {from: '20:00', to: '20:00'}\n", 2, "same time"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(text, line, words):
    found = problems(f"version: 1\n{text}")
    assert any(words in problem for problem in found), found
    assert found[0].startswith(f"alerts.yaml:{line}: ")


def test_two_channels_of_one_name_are_refused():
    text = yaml.safe_dump({"version": 1, "channels": [MAIL, MAIL]})
    assert "same name" in problems(text)[0]


def test_without_routes_every_channel_hears_of_everything():
    file = AlertsFile.model_validate({"version": 1, "channels": [MAIL]})
    (route,) = file.routes_in_force()
    assert route.channels == ("mail",) and route.fits("rung", "any", None)
    assert AlertsFile(version=1).routes_in_force() == ()


def uncommented(text):
    return re.sub(r"^# ?(?=  -|routes|  -)", "", text.replace("channels: []", "channels:"), flags=re.MULTILINE)


def test_the_example_is_right_as_it_is_and_with_what_it_shows():
    text = (EXAMPLES / "alerts.yaml").read_text()
    assert load(text, AlertsFile, "alerts.yaml").channels == ()
    shown = load(uncommented(text), AlertsFile, "alerts.yaml")
    assert {c.kind for c in shown.channels} == {
        "email",
        "slack",
        "teams",
        "pagerduty",
        "alertmanager",
        "matrix",
        "webhook",
        "apprise",
    }
    assert len(shown.routes) == 4


def blocks(page: Path):
    return [
        "\n".join(line[4:] for line in block.splitlines())
        for block in re.findall(r"(?:^ {4}.*\n?|^\n(?= {4}))+", page.read_text(), re.MULTILINE)
    ]


def test_the_files_on_the_page_are_files():
    page = blocks(DOCS / "alerts.md")
    whole = next(b for b in page if "# alerts.yaml" in b).partition("# alerts.yaml")[2]
    routes = next(b for b in page if b.lstrip().startswith("routes:"))
    (person,) = plain_data(next(b for b in page if "# roster.yaml" in b).partition("# alerts.yaml")[0])
    assert Member.model_validate(person).quiet_hours.whole_days == ("sat", "sun")
    assert [c.kind for c in load(whole, AlertsFile, "page").channels] == ["email"]
    names = ("mail", "slack", "sales-room", "pager")
    made = {"version": 1, "channels": [{**MAIL, "name": name} for name in names], **plain_data(routes)}
    assert len(AlertsFile.model_validate(made).routes) == 3
