"""The forum's report is mailed by a real server, to each reader once, whichever process is up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from routing.agreement.agreement import compile_agreement
from routing.people.roster import Roster
from schemas.alert_channels import EmailChannel
from schemas.roster import RosterFile
from schemas.yamlfile import load
from services.adapters.sql.forum import SqlForum
from services.adapters.sql.store import SqlStore
from services.adapters.sql.stories import SqlStories
from services.alerts.channels.email import EmailSender
from services.alerts.forum_mail import AGAIN, CLAIM, LATE, ForumMail, NoMail
from services.forum.desk import ForumDesk
from services.rules.ruling import Ruling
from tests.parts.mail import MailServer
from tests.parts.sqlite import migrated_file
from tests.setups import EXAMPLES

MEETS = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
"""Monday at 08:00 in Stockholm."""
PAGE = "https://leads.example.com"
FORUM = '\nforum: {weekday: mon, time: "08:00", calendar: stockholm, to: [maja, elin], language: en}\n'


def ruling(forum=FORUM):
    roster = yaml.safe_load((EXAMPLES / "roster.yaml").read_text())
    for person in roster["people"]:
        if person["id"] in ("maja", "elin"):
            person["notify"] = {"email": f"{person['id']}@example.com"}
        if person["id"] == "elin":
            person["language"] = "sv"
    agreement = compile_agreement((EXAMPLES / "agreement.yaml").read_text() + forum)
    return Ruling(agreement, Roster(load(yaml.safe_dump(roster), RosterFile, "roster.yaml")))


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def server():
    with MailServer() as made:
        yield made


class Process:
    """One of those that could send it, with its time in the test's hand."""

    def __init__(self, store, server, rules=None, now=MEETS):
        self.now = now
        channel = EmailChannel.model_validate(
            {"name": "mail", "kind": "email", "host": "127.0.0.1", "port": server.port, "tls": "none", "allow_private": True,
             "from": "stafett@example.com"}
        )  # fmt: skip
        self.forum = SqlForum(store.engines)

        async def ruled():
            return rules or ruling()

        desk = ForumDesk(SqlStories(store.engines), self.forum, ruling=ruled, now=lambda: self.now, public_url=PAGE)
        self.mail = ForumMail(
            desk, self.forum, {"mail": EmailSender(channel, None)}, ruling=ruled, now=lambda: self.now
        )


async def test_each_reader_gets_it_once_in_their_language_when_the_forum_meets(store, server):
    early = Process(store, server, now=MEETS - timedelta(seconds=1))
    assert await early.mail.send_due() == 0
    first, second = Process(store, server), Process(store, server)
    assert sum(await asyncio.gather(first.mail.send_due(), second.mail.send_due())) == 2
    assert await first.mail.send_due() == await second.mail.send_due() == 0
    mails = {to[0]: mail for to, mail in server.mails}
    assert len(server.mails) == 2
    assert mails["maja@example.com"]["Subject"].startswith("Weekly forum, 2026-W48")
    assert mails["elin@example.com"]["Subject"].startswith("Veckoforum, 2026-W48")
    assert "Leads in" in mails["maja@example.com"].get_body(("plain",)).get_content()
    html = mails["maja@example.com"].get_body(("html",)).get_content()
    assert "<table" in html and f'href="{PAGE}/forum?week=2026-W48&amp;known=' in html


async def test_a_claim_of_a_process_that_was_killed_runs_out_and_the_mail_has_the_same_id(store, server):
    process = Process(store, server)
    assert await process.forum.claim_mail("2026-W48", "maja", MEETS, MEETS + CLAIM)
    assert await process.mail.send_due() == 1, "elin's alone"
    process.now = MEETS + CLAIM
    assert await process.mail.send_due() == 1
    ids = [mail["Message-ID"] for to, mail in server.mails if to == ["maja@example.com"]]
    await process.mail.send("2026-W48", process.mail.readers(ruling(), ["maja"])[0], ruling())
    ids += [mail["Message-ID"] for to, mail in server.mails[2:]]
    assert len(ids) == 2 and len(set(ids)) == 1


async def test_what_the_server_puts_off_is_tried_again_and_what_it_refuses_is_not(store, server):
    process = Process(store, server)
    server.replies += ["451 later", "550 no such mailbox"]
    assert await process.mail.send_due() == 0
    assert await process.mail.send_due() == 0, "it waits"
    process.now = MEETS + AGAIN
    assert await process.mail.send_due() == 1
    assert sorted((await process.forum.mails("2026-W48")).values()) == ["refused", "sent"]


async def test_a_forum_that_met_long_ago_is_not_mailed_any_more(store, server):
    assert await Process(store, server, now=MEETS + LATE).mail.send_due() == 0


async def test_without_a_forum_or_readers_nobody_is_mailed(store, server):
    for forum in ("", '\nforum: {weekday: mon, time: "08:00"}\n'):
        assert await Process(store, server, ruling(forum)).mail.send_due() == 0


@pytest.mark.parametrize(
    ("forum", "said"),
    [
        (FORUM.replace("[maja, elin]", "[olof]"), "nobody of olof is in the roster with"),
        (
            FORUM.replace("language", "channel: mial, language"),
            "`mial` is no mail channel of alerts.yaml; did you mean `mail`",
        ),
    ],
)
async def test_what_is_missing_is_said(store, server, forum, said):
    with pytest.raises(NoMail, match=said):
        await Process(store, server, ruling(forum)).mail.send_due()
