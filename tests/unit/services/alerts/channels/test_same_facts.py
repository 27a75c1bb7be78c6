"""Every channel says the same: what, whose lead, due when and how late, who has it, what to do, and where to look."""

import json

import pytest

from schemas.alert_channels import Channel
from services.alerts.channels import alertmanager, matrix, pagerduty, teams, webhook
from services.alerts.channels.apprise import AppriseSender
from services.alerts.channels.email import compose_mail
from services.alerts.channels.slack_blocks import blocks, fallback
from services.alerts.messages.building import About, Links
from tests.alerting import HOUR, NOW, breached
from tests.unit.services.alerts.messages.test_building import message

LINKS = Links(
    lead="https://l.example.com/leads/{lead}",
    explain="https://l.example.com/clocks/{clock}/explain",
    acknowledge="https://l.example.com/alerts/inc_1",
    all_of_them="https://l.example.com/incidents",
)
ANNA = {"lead_1": About("Anna Ek", "Fjordkraft")}
EXPLAIN, LEAD = "https://l.example.com/clocks/clk_1/explain", "https://l.example.com/leads/lead_1"
ACKNOWLEDGE = "https://l.example.com/alerts/inc_1"
TO_DO = {"en": "Call or write", "sv": "Ring eller skriv"}
WHEN = {"en": "Tue 24 Nov 09:00 UTC", "sv": "tis 24 nov 09:00 UTC"}
"""The instant that is due; how late follows it."""
LATE = {"en": "4 h late", "sv": "4 tim sen"}


def parts_of(mail, kind):
    return mail.get_body((kind,)).get_content()


async def apprise_text(told, monkeypatch):
    given = []

    async def keep(body):
        given.append(body.decode())
        return "sent"

    monkeypatch.setattr("services.alerts.channels.apprise._ask", keep)
    sender = AppriseSender(type("Settings", (), {"hosts": ("x",), "allow_private": False}), "json://x")
    await sender.send(told)
    return given[0]


def mail_of(told):
    return compose_mail(told, "stafett@x.se", ["elin@x.se"])


TEXTS = {
    "email as text": lambda told: told.subject + parts_of(mail_of(told), "plain"),
    "email as a page": lambda told: parts_of(mail_of(told), "html"),
    "slack": lambda told: json.dumps([fallback(told), blocks(told, has_button=True)], ensure_ascii=False),
    "slack_webhook": lambda told: json.dumps([fallback(told), blocks(told, has_button=False)], ensure_ascii=False),
    "teams": lambda told: teams.card_bytes(told).decode(),
    "pagerduty": lambda told: json.dumps(pagerduty.event_of(told, "key"), ensure_ascii=False),
    "alertmanager": lambda told: json.dumps(
        [*alertmanager.alerts_of(told.incidents[0], told.links, told.now, told.items[0])], ensure_ascii=False
    ),
    "matrix": lambda told: matrix.content_of(told)["body"],
    "matrix as a page": lambda told: matrix.content_of(told)["formatted_body"],
    "webhook": lambda told: json.dumps(webhook.body_of(told), ensure_ascii=False),
}
BUTTONS = {"slack", "slack_webhook", "pagerduty", "alertmanager", "matrix as a page"}
"""What has a button, a key or a reaction of its own to acknowledge by, or is the simple mode without one."""


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_breach_is_told_whole(name, language):
    told = message(breached(1, due_at=NOW), about=ANNA, language=language, links=LINKS, after=4 * HOUR)
    text = TEXTS[name](told)
    assert missing_of(text, language) == []
    assert name in BUTTONS or ACKNOWLEDGE in text


@pytest.mark.parametrize("language", ["en", "sv"])
async def test_apprise_tells_it_whole(language, monkeypatch):
    told = message(breached(1, due_at=NOW), about=ANNA, language=language, links=LINKS, after=4 * HOUR)
    text = json.loads(await apprise_text(told, monkeypatch))
    assert missing_of(text["title"] + text["body"], language) == []
    assert ACKNOWLEDGE in text["body"]


def missing_of(text, language):
    """What is not said; a few signs are escaped for readers of Markdown and HTML."""
    plain = text.replace("\\\\", "").replace("\\", "").replace("&#x27;", "'")
    said = [
        "Anna Ek",
        "Fjordkraft",
        "follow-up",
        "elin",
        TO_DO[language],
        WHEN[language],
        LATE[language],
        EXPLAIN,
        LEAD,
    ]
    return [word for word in said if word not in plain]


def test_no_kind_is_left_out():
    kinds = {kind.model_fields["kind"].annotation.__args__[0] for kind in Channel.__args__[0].__args__}
    assert kinds == {name.split(" ")[0] for name in TEXTS} | {"apprise"}
