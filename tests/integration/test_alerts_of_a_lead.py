"""From a form to a message: router, watcher and relay make the events, the role tells people, and the salesperson's step ends it."""

import pytest
import yaml

from routing.people.roster import Roster
from schemas.roster import RosterFile
from services.alerts.messages.building import About
from services.rules.ruling import Ruling
from tests.parts.mail import MailServer
from tests.setups import EXAMPLES, setup, signal
from tests.telling import teller


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        file = yaml.safe_load((EXAMPLES / "roster.yaml").read_text())
        for person in file["people"]:
            person["notify"] = {"email": f"{person['id']}@nordlys.example"}
        made.ruling = Ruling(made.ruling.agreement, Roster(RosterFile.model_validate(file)))
        yield made


def subjects(server, who):
    return [mail["Subject"] for to, mail in server.mails if to == [f"{who}@nordlys.example"]]


async def test_warning_breach_and_rung_reach_those_they_are_for_and_a_late_step_ends_them(running):
    with MailServer() as server:
        channel = {
            "name": "mail", "kind": "email", "host": "127.0.0.1", "port": server.port, "tls": "none",
            "from": "stafett@nordlys.example", "allow_private": True,
        }  # fmt: skip
        routes = [{"policies": ["follow-up"], "channels": ["mail"]}]
        async with teller(running.store, channel, routes=routes, group_wait="0s", group_interval="0s") as role:
            role.roster = running.ruling.roster

            async def later(**delta):
                """Time passes in both."""
                await running.later(**delta)
                role.at = running.at
                await role.step()

            await running.give(signal(1, "form.submitted", form_id="demo", at=running.at))
            await running.give(signal(2, "sales.accepted", at=running.at))
            await later(hours=20)
            (lead,) = await running.reading.leads()
            assert subjects(server, lead.owner) == ["Due soon: follow-up: anna@example.com"]
            await later(hours=4, minutes=1)
            (clock,) = [i for i in await role.open_ones() if i.policy == "follow-up"]
            assert (clock.level, clock.rungs, clock.subject) == ("breach", 1, lead.id)
            await later(hours=5)
            assert subjects(server, "maja") == ["Broken promise: follow-up: anna@example.com"] * 2, (
                "the breach, and the rung"
            )
            assert await role.role._about([lead.id]) == {lead.id: About("anna@example.com", None)}
            before = len(server.mails)
            await running.give(signal(3, "sales.follow_up", at=running.at))
            role.at = running.at
            await role.step()
            assert not [i for i in await role.open_ones() if i.policy == "follow-up"]
            (over,) = [i for i in await role.incidents.incidents("resolved", "", 100) if i.policy == "follow-up"]
            assert over.resolution in ("kept_late", "moved_on"), "with the step the lead goes on to the deal"
            assert all(mail["Subject"].startswith("Over: follow-up") for _, mail in server.mails[before:])
            assert len(server.mails) > before
