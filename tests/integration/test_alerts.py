"""People are told: by a real mail server, by a real Alertmanager, and by strict stand-ins for Slack, Teams and PagerDuty."""

import json
from datetime import timedelta

import pytest

from routing.incidents.targets import TargetTrouble
from routing.model.records import Lead
from services.adapters.sql.store import SqlStore
from services.ports.rows import LeadRow, Writes
from tests.alerting import HOUR, MAIL, MINUTE, NOW, SECOND, breached, escalated, fulfilled, warned
from tests.parts.certificates import write_certificates
from tests.parts.databases import migrated_database
from tests.parts.mail import MailServer
from tests.parts.sqlite import migrated_file
from tests.parts.vendors import pagerduty, slack, teams
from tests.parts.vendors.faults import COMMIT_THEN_DROP, DROP_BEFORE, Answer, Fault
from tests.parts.vendors.server import serve
from tests.telling import teller

ROOM = {"routes": [{"channels": ["room"]}]}


@pytest.fixture(params=["sqlite", "real-postgres"])
async def store(request, tmp_path):
    if request.param == "sqlite":
        made = SqlStore(await migrated_file(tmp_path / "s.db"))
        await made.start()
        yield made
        await made.close()
        return
    async with migrated_database(request.getfixturevalue("postgres")) as url:
        made = SqlStore(url)
        await made.start()
        yield made
        await made.close()


@pytest.fixture
async def file_store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    yield made
    await made.close()


async def know(store, ident, name, company):
    """A lead of this name, as the router keeps it."""
    lead = Lead(
        id=ident, brand="default", partition_key="k", created_at=NOW, stage="hand_over", stage_since=NOW,
        pass_since=NOW, source="web", company_name=company,
    )  # fmt: skip
    personal = json.dumps({"person": {"full_name": name}, "answers": {}})
    row = LeadRow(
        ident, lead.brand, lead.stage, lead.disposition, None, None, False, 1, state=lead.text(), personal=personal,
        email_digest=None, updated_at=NOW, queue=None, queued_at=None, unowned_reason=None, limbo=None,
    )  # fmt: skip
    async with store.batch() as batch:
        await batch.write(Writes(leads=[row]))


def mail_channel(server, **more):
    return {**MAIL, "host": "127.0.0.1", "port": server.port, "tls": "none", "allow_private": True, **more}


def slack_channel(url, **more):
    return {
        "name": "room", "kind": "slack", "token": "STAFETT_SECRET_SLACK", "room": "C0123456", "url": f"{url}/api",
        "signing_secret": "STAFETT_SECRET_SIGNING", "allow_private": True, **more,
    }  # fmt: skip


SLACK_SECRETS = {"SLACK": slack.TOKEN, "SIGNING": "x" * 32}


def pager_channel(url):
    return {
        "name": "pager", "kind": "pagerduty", "routing_key": "STAFETT_SECRET_PD", "url": url, "allow_private": True,
    }  # fmt: skip


async def test_a_breach_is_mailed_to_owner_and_manager_in_their_language_and_zone_and_threads(store):
    await know(store, "lead_1", "Anna Ek", "Fjordkraft")
    with MailServer() as server:
        people = [
            {"id": "elin", "roles": ["sales"], "team": "field", "language": "sv", "notify": {"email": "elin@x.se"}},
            {"id": "maja", "roles": ["manager"], "notify": {"email": "maja@x.se"}},
        ]
        async with teller(store, mail_channel(server), people=people, public_url="https://leads.example.com") as role:
            await role.give(breached(1, due_at=NOW - 200 * MINUTE))
            await role.wait(MINUTE)
            await role.give(fulfilled(1))
            await role.wait(MINUTE)
    first = {mail["To"]: mail for _, mail in server.mails[:2]}
    assert set(first) == {"elin@x.se", "maja@x.se"}
    swedish, english = first["elin@x.se"], first["maja@x.se"]
    assert swedish["Subject"] == "Brutet löfte: follow-up: Anna Ek, Fjordkraft"
    assert english["Subject"] == "Broken promise: follow-up: Anna Ek, Fjordkraft"
    text = swedish.get_body(("plain",)).get_content()
    assert "förföll tis 24 nov 06:40 CET, 3 tim 21 min sen" in text
    assert "Ring eller skriv" in text and "https://leads.example.com/leads/lead_1" in text
    assert "due Tue 24 Nov 06:40 CET, 3 h 21 min late" in english.get_body(("plain",)).get_content()
    page = english.get_body(("html",)).get_content()
    assert "Anna Ek, Fjordkraft" in page and "https://leads.example.com/alerts/inc_" in page
    assert swedish["Auto-Submitted"] == "auto-generated"
    over = [mail for _, mail in server.mails if mail["Subject"].startswith(("Over", "Över"))]
    assert len(server.mails) == 4 and len(over) == 2
    assert {mail["References"] for _, mail in server.mails} == {english["References"]}, "one thread"
    assert len({mail["Message-ID"] for _, mail in server.mails}) == 4


async def test_a_lead_of_which_nothing_is_known_is_named_by_its_id(file_store):
    with MailServer() as server:
        async with teller(file_store, mail_channel(server)) as role:
            await role.give(warned(1, due_at=NOW + HOUR))
            await role.wait(MINUTE)
    ((to, mail),) = server.mails
    assert to == ["elin@example.com"] and mail["Subject"] == "Due soon: follow-up: lead_1"
    assert "in 59 min" in mail.get_body(("plain",)).get_content()


async def test_hostile_names_change_neither_headers_nor_page(file_store):
    await know(file_store, "lead_1", "Anna\r\nBcc: all@example.com <script>", "<b>&Co")
    with MailServer() as server:
        async with teller(file_store, mail_channel(server)) as role:
            await role.give(warned(1))
            await role.wait(MINUTE)
    ((to, mail),) = server.mails
    assert to == ["elin@example.com"] and "Bcc" not in mail
    assert (
        "<script>" not in mail.get_body(("html",)).get_content()
        and "&lt;script&gt;" in mail.get_body(("html",)).get_content()
    )


async def test_a_mail_server_with_tls_and_a_login_is_trusted_by_its_certificate_alone(
    file_store, tmp_path, monkeypatch
):
    write_certificates(tmp_path)
    with MailServer(pem=tmp_path / "broker.pem", login=("stafett", "s3cret-password")) as server:
        channel = mail_channel(server, tls="starttls", username="stafett", password="STAFETT_SECRET_SMTP")
        secrets = {"SMTP": "s3cret-password"}
        async with teller(file_store, channel, secrets=secrets) as role:
            await role.give(warned(1))
            await role.wait(MINUTE)
            assert server.mails == [] and role.tries == [("email", "later")]
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
            await role.wait(MINUTE)
    assert len(server.mails) == 1 and server.logins


@pytest.mark.parametrize(("reply", "tries"), [("450 later", ["later", "sent"]), ("550 no such box", ["failed"])])
async def test_what_a_mail_server_refuses_for_now_is_sent_again_and_what_it_refuses_for_good_is_not(
    file_store, reply, tries
):
    with MailServer() as server:
        server.replies = [reply]
        async with teller(file_store, mail_channel(server)) as role:
            await role.give(warned(1))
            await role.wait(MINUTE)
            await role.wait(MINUTE)
    assert [outcome for _, outcome in role.tries] == tries
    assert len(server.mails) == tries.count("sent")


async def test_slack_changes_what_it_posted_and_replies_to_it(store):
    await know(store, "lead_1", "Anna <!channel> & Ek", "Fjordkraft")
    api = slack.Slack()
    with serve(api) as url:
        async with teller(store, slack_channel(url), secrets=SLACK_SECRETS) as role:
            await role.give(breached(1))
            await role.wait(MINUTE)
            (post,) = api.posts
            assert "Anna &lt;!channel&gt; &amp; Ek" in post["text"]
            (button,) = [b for b in post["blocks"] if b["type"] == "actions"]
            await role.give(escalated(1, "ceo", rung=2))
            await role.wait(6 * MINUTE)
            assert api.posts[1]["thread_ts"] == post["ts"] and api.posts[1]["reply_broadcast"] is True
            await role.acknowledge(button["elements"][0]["value"])
            await role.step()
            now = api.messages["C0123456", post["ts"]]
            assert "Seen by elin" in now["text"] and not [b for b in now["blocks"] if b["type"] == "actions"]
            await role.give(fulfilled(1))
            await role.wait(MINUTE)
            assert api.messages["C0123456", post["ts"]]["text"].startswith("Over: follow-up")
    assert api.violations == [] and len(api.posts) == 2


async def test_slack_tells_people_directly_where_no_room_is_named(file_store):
    api = slack.Slack()
    with serve(api) as url:
        channel = {**slack_channel(url), "room": None}
        async with teller(file_store, channel, secrets=SLACK_SECRETS) as role:
            await role.give(breached(1))
            await role.wait(MINUTE)
            await role.give(fulfilled(1))
            await role.wait(MINUTE)
    assert [p["channel"] for p in api.posts] == ["D0ELIN"] and not api.violations
    assert api.messages["D0ELIN", api.posts[0]["ts"]]["text"].startswith("Over")


async def test_a_limit_holds_the_whole_channel_for_as_long_as_it_asks(file_store):
    api = slack.Slack()
    api.plan.once(slack.TOO_MANY)
    with serve(api) as url:
        async with teller(file_store, slack_channel(url), secrets=SLACK_SECRETS) as role:
            await role.give(breached(1), breached(2, policy="answer"))
            await role.wait(MINUTE)
            assert len(api.log) == 1
            await role.wait(29 * SECOND)
            assert len(api.log) == 1
            await role.wait(SECOND)
    assert len(api.posts) == 2 and not api.violations


@pytest.mark.parametrize("fault", [slack.BROKEN, DROP_BEFORE], ids=lambda f: f.name)
async def test_what_breaks_before_it_is_taken_is_posted_once(file_store, fault):
    api = slack.Slack()
    api.plan.once(fault)
    with serve(api) as url:
        async with teller(file_store, slack_channel(url), secrets=SLACK_SECRETS) as role:
            await role.give(breached(1))
            await role.wait(MINUTE)
            await role.wait(MINUTE)
    assert len(api.posts) == 1 and role.tries == [("slack", "later"), ("slack", "sent")]


async def test_slack_without_rights_keeps_messages_until_somebody_mends_it(file_store):
    api = slack.Slack(closed="missing_scope")
    with serve(api) as url:
        async with teller(file_store, slack_channel(url), secrets=SLACK_SECRETS) as role:
            await role.give(breached(1))
            await role.wait(MINUTE)
            api.closed = None
            await role.wait(4 * MINUTE)
            assert api.posts == []
            await role.wait(2 * MINUTE)
    assert len(api.posts) == 1


async def test_slacks_incoming_webhook_gets_the_same_blocks_without_a_button(file_store):
    api = slack.Slack()
    with serve(api) as url:
        channel = {"name": "room", "kind": "slack_webhook", "url": "STAFETT_SECRET_HOOK", "allow_private": True}
        async with teller(file_store, channel, secrets={"HOOK": url + slack.HOOK}) as role:
            await role.give(breached(1))
            await role.wait(MINUTE)
    (body,) = api.hooked
    assert not api.violations and "actions" not in {b["type"] for b in body["blocks"]}


async def test_teams_gets_cards_that_it_can_show_however_much_there_is_to_say(file_store):
    for number in range(8):
        await know(file_store, f"lead_{number}", "Å" * 3000, f"[x](http://evil) {'é' * 3000}")
    api = teams.Teams()
    with serve(api) as url:
        secrets = {"TEAMS": f"{url}{teams.PATH}?api-version=1&sp=run&sv=1.0&sig=s3cret"}
        channel = {"name": "room", "kind": "teams", "url": "STAFETT_SECRET_TEAMS", "allow_private": True}
        async with teller(file_store, channel, secrets=secrets, public_url="https://leads.example.com") as role:
            await role.give(*[breached(n) for n in range(8)])
            await role.wait(MINUTE)
    (card,) = api.cards
    assert not api.violations and "8 broken promises" in json.dumps(card)
    assert all(len(entry.request.body) <= 18_000 for entry in api.log)
    assert "[x](http" not in json.dumps(card), "a name links nowhere"


@pytest.mark.parametrize("fault", [None, COMMIT_THEN_DROP, slack.SILENT, slack.BROKEN], ids=lambda f: f and f.name)
async def test_pagerduty_opens_one_incident_whatever_is_lost_on_the_way(file_store, fault):
    api = pagerduty.PagerDuty()
    with serve(api) as url:
        async with teller(file_store, pager_channel(url), secrets={"PD": pagerduty.KEY}) as role:
            if fault:
                api.plan.once(fault)
            await role.give(breached(1))
            await role.wait(MINUTE)
            await role.wait(MINUTE)
            assert (api.opened, list(api.incidents.values())) == (1, ["triggered"])
            (incident,) = await role.open_ones()
            await role.acknowledge(incident.id)
            await role.step()
            assert list(api.incidents.values()) == ["acknowledged"]
            await role.give(fulfilled(1))
            await role.wait(MINUTE)
    assert list(api.incidents.items()) == [(incident.id, "resolved")] and not api.violations


async def test_pagerduty_ends_an_incident_of_many_when_the_last_is_over(file_store):
    api = pagerduty.PagerDuty()
    with serve(api) as url:
        async with teller(file_store, pager_channel(url), secrets={"PD": pagerduty.KEY}) as role:
            await role.give(*[breached(n) for n in range(7)])
            await role.wait(MINUTE)
            await role.give(*[fulfilled(n) for n in range(6)])
            await role.wait(MINUTE)
            assert list(api.incidents.values()) == ["triggered"] and len(api.log) == 1
            await role.give(fulfilled(6))
            await role.wait(MINUTE)
    assert list(api.incidents.values()) == ["resolved"] and api.summaries == ["7 broken promises: follow-up"]


async def test_a_wrong_key_is_told_and_given_up(file_store):
    api = pagerduty.PagerDuty()
    with serve(api) as url:
        async with teller(file_store, pager_channel(url), secrets={"PD": "f" * 32}) as role:
            await role.give(breached(1))
            await role.wait(MINUTE)
            await role.wait(HOUR)
    assert role.tries == [("pagerduty", "failed")] and len(api.log) == 1


async def test_a_channel_that_is_down_for_long_is_tried_less_and_less_and_then_given_up(file_store):
    api = pagerduty.PagerDuty()
    down = Fault("500", "instead", Answer(500))
    api.plan.once(down, times=50)
    with serve(api) as url:
        async with teller(file_store, pager_channel(url), secrets={"PD": pagerduty.KEY}) as role:
            await role.give(breached(1))
            for _ in range(40):
                await role.wait(timedelta(minutes=45))
    assert len(api.log) == 11 and role.tries[-1] == ("pagerduty", "failed")


async def test_a_storm_of_500_breaches_is_one_message_by_each_channel_and_ends_in_one(store):
    chat, calls = slack.Slack(), pagerduty.PagerDuty()
    with serve(chat) as slack_url, serve(calls) as pager_url, MailServer() as server:
        channels = [mail_channel(server), slack_channel(slack_url), pager_channel(pager_url)]
        routes = [{"to": ["elin"], "channels": ["mail", "room", "pager"]}]
        secrets = {**SLACK_SECRETS, "PD": pagerduty.KEY}
        async with teller(store, *channels, secrets=secrets, routes=routes) as role:
            await role.give(*[breached(n) for n in range(500)])
            await role.wait(MINUTE)
            assert (len(server.mails), len(chat.posts), calls.opened) == (1, 1, 1)
            assert server.mails[0][1]["Subject"] == "500 broken promises: follow-up"
            assert "and 495 more" in server.mails[0][1].get_body(("plain",)).get_content()
            (button,) = [b for b in chat.posts[0]["blocks"] if b["type"] == "actions"]
            done = await role.acknowledge(button["elements"][0]["value"])
            await role.step()
            assert len(done) == 500 and list(calls.incidents.values()) == ["acknowledged"]
            await role.give(*[fulfilled(n) for n in range(500)])
            await role.wait(MINUTE)
            assert await role.open_ones() == []
    assert (len(server.mails), len(chat.posts)) == (2, 1)
    assert server.mails[1][1]["Subject"] == "500 are over: follow-up"
    assert list(calls.incidents.values()) == ["resolved"] and not chat.violations and not calls.violations


async def test_a_receiver_that_is_sent_nothing_is_told_and_its_end_too(file_store):
    api = slack.Slack()
    with serve(api) as url, MailServer() as server:
        channels = [slack_channel(url), mail_channel(server)]
        async with teller(file_store, *channels, secrets=SLACK_SECRETS, public_url="https://leads.example.com") as role:
            role.troubles = [TargetTrouble("crm", "the receiver answered 410 Gone", NOW - 2 * HOUR)]
            role.at += MINUTE
            await role.wait(MINUTE)
            subjects = {mail["Subject"] for _, mail in server.mails}
            assert subjects == {"Nothing is sent to crm"} and api.posts[0]["text"] == "Nothing is sent to crm"
            text = server.mails[0][1].get_body(("plain",)).get_content()
            assert "crm: sent nothing since Tue 24 Nov 08:00 CET, 2 h 2 min" in text
            assert "Why: the receiver answered 410 Gone" in text and "stafett subscriptions enable" in text
            assert "/explain" not in text and "Promise" not in text
            role.troubles = []
            role.at += MINUTE
            await role.wait(MINUTE)
    assert api.messages["C0123456", api.posts[0]["ts"]]["text"] == "Over: deliveries: crm" and not api.violations
