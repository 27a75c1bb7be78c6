"""Half of a CRM's webhooks get lost: what sales did in HubSpot, Salesforce and Pipedrive is known all the same, once each.

Real router, relay, watcher, sink and sweeps on one SQLite file, over the vendors' own files and their strict stand-ins.
"""

import json
from datetime import datetime, timedelta

import pytest

from routing.model.records import Lead
from schemas.signals import Actor, IdentityKey, Kind, Person, Reference, Sales
from schemas.sinks.base import Reconcile
from schemas.sources import Source
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.sinks import SqlSinks
from services.bootstrap.reconciling import reader_of_bodies
from services.ingest.configured.sales import with_sales_words
from services.ingest.normalising.normalise import to_signal
from services.ports.signal_records import record_of
from services.sinks.reconciling.facts import Words
from services.sinks.reconciling.role import Reconciler, Subject
from services.sinks.role import SinkLoop
from tests.parts.vendors.offices import OFFICES, PipedriveLeadOffice
from tests.setups import setup, signal
from tests.sinks import target

KEY = b"k" * 32
HOUR = timedelta(hours=1)
SOURCE = Source.model_validate(
    {
        "name": "crm",
        "kind": "crm",
        "verify": {"scheme": "token", "secrets": ["STAFETT_SECRET_CRM"], "header": "x"},
        "sales": {"accepted": ["2"], "rejected": ["is_archived=true"]},
    }
)


class Days:
    """Leads come in and are handed over into the CRM; salespeople work there."""

    def __init__(self, running, office, **settings):
        self.running, self.repaired, self.counts = running, 0, {}
        names = [member.id for member in running.ruling.roster.file.people]
        self.office = office(lambda: running.at, names, company=False)
        self.book = SqlSinks(running.store.engines)
        made = target(self.office.vendor, self.office.sink, self.office.people)._replace(tell=lambda record, event: [])
        self.loop = SinkLoop(made, SqlDeliveries(running.store.engines), self.book, lambda: running.at)
        subject = Subject(
            "sink/crm", self.office.vendor, Reconcile(**settings), words=self._words, record_of=self._record
        )
        self.sweeps = Reconciler(
            subject, self.book, running.reading, lambda: running.at, on_repair=self._count, on_audit=self._compared
        )

    async def _words(self):
        people = {ident: person for person, ident in self.office.people.items()}
        return Words(
            self.office.sink.stages.meaning, people.get, our_user=self.office.our_user, system="crm", account=None,
            target="sink/crm", read=reader_of_bodies(self.office.kind, SOURCE.sales),
        )  # fmt: skip

    def _record(self, fact):
        told = with_sales_words(fact, SOURCE.sales)
        return record_of(to_signal(told, SOURCE, self.running.at, KEY), self.running.topic)

    def _count(self, _, number):
        self.repaired += number

    def _compared(self, _, counts):
        self.counts = dict(counts)

    async def write(self):
        while await self.loop.step():
            pass

    async def come(self, number):
        lead = f"lead{number}"
        await self.running.give(signal(number, Kind.FORM_SUBMITTED, lead, self.running.at, form_id="demo"))
        await self.write()

    async def hear(self, number, deal, call, author):
        """The webhook of a call, which did arrive."""
        handover = (await self.deals())[deal].key
        about = {"handover_id": handover, "actor": Actor(kind="person", reference=author)}
        activity = (Reference(system="crm", object="activity", id=call),)
        sales = Sales(activity_type="call", done=True)
        heard = signal(f"hook-{number}", Kind.SALES_FOLLOW_UP, handover, self.running.at, person=Person(), **about,
                       sales=sales, references=activity)  # fmt: skip
        await self.running.give(heard.but(identities=(IdentityKey(kind="handover", digest=handover),)))
        await self.write()

    async def sweep(self):
        """What both sweeps add, in signals."""
        await self.running.relay.drain()
        before = sum((await self.running.log.end_offsets(self.running.topic)).values())
        await self.sweeps.sweep()
        await self.running.relay.drain()
        added = sum((await self.running.log.end_offsets(self.running.topic)).values()) - before
        await self.running.route(added)
        await self.write()
        return added

    async def deals(self):
        records = await self.book.opportunities("sink/crm", "", 100)
        return {record.vendor_id: record for record in records}

    async def lead(self, deal):
        row = await self.running.reading.lead((await self.deals())[deal].lead_id)
        return Lead.read(row.state)

    async def kept(self):
        """{hand-over: when its promise to follow up was kept}."""
        kept = {}
        for entry in await self.running.reading.events(topic="sla", limit=5000):
            event = json.loads(f"{entry.row.head}null}}}}")
            data = event["data"]
            if data["policy"] == "follow-up" and data.get("fulfilled_at"):
                kept[data["handover_id"]] = data["fulfilled_at"]
        return kept


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", OFFICES)
async def test_what_no_webhook_brought_is_read_back_and_what_one_brought_is_not_told_again(kind, tmp_path):
    async with setup("sqlite-embedded", None, tmp_path) as running:
        days = Days(running, OFFICES[kind])
        await days.loop.step()
        office, calls = days.office, {}
        for number in range(8):
            await days.come(number)
            await running.later(minutes=5)
        deals = list(await days.deals())
        assert len(deals) == 8
        await running.later(hours=1)
        assert await days.sweep() == 0, "what we wrote ourselves is nobody's work"
        for number, deal in enumerate(deals[:6]):
            await running.later(minutes=7)
            author = (await days.lead(deal)).owner
            calls[deal] = running.at
            call = office.call(deal, by=author)
            if number % 2:
                await days.hear(number, deal, call, office.people[author])
        office.move(deals[6], "accepted", by=(await days.lead(deals[6])).owner)
        office.move(deals[7], "lost", by=(await days.lead(deals[7])).owner)
        await running.later(minutes=20)
        assert await days.sweep() == 5, "three calls, an acceptance and an end"
        assert days.repaired == 5
        kept = await days.kept()
        handovers = {deal: record.key for deal, record in (await days.deals()).items()}
        for deal, at in calls.items():
            assert datetime.fromisoformat(kept[handovers[deal]]) == at
        assert (await days.lead(deals[6])).handover.accepted_at is not None
        assert (await days.lead(deals[7])).handover.outcome == "rejected", "lost before it was accepted"
        await running.later(hours=30)
        assert await days.sweep() == 0, "what is known is no news"
        assert set(days.counts) == {"agrees"}
        assert office.api.violations == []


async def test_an_owner_that_a_program_took_away_is_written_once_more_and_then_left_to_somebody(tmp_path):
    async with setup("sqlite-embedded", None, tmp_path) as running:
        days = Days(running, OFFICES["hubspot"], audit_every="20m")
        await days.loop.step()
        await days.come(1)
        (deal,) = await days.deals()
        owner = days.office.people[(await days.lead(deal)).owner]
        days.office.api.records.owners.add("99")

        async def take_away():
            await running.later(minutes=21)
            await days.write()
            record = days.office.api.records.at("deals", deal)
            days.office.api.records.update(record, {"hubspot_owner_id": "99"}, by="us")
            assert await days.sweep() == 0
            assert days.counts == {"ours_is_newer": 1}
            return record.properties["hubspot_owner_id"]

        assert await take_away() == owner
        assert await days.book.list_steps("sink/crm", refused=True) == []
        assert await take_away() == "99", "no second time, for a program there would do the same"
        (step,) = await days.book.list_steps("sink/crm", refused=True)
        assert (step.name, step.outcome) == ("written_again", "changed_back_there")


async def test_leads_of_pipedrive_are_read_back_and_so_are_the_deals_that_sales_makes_of_them(tmp_path):
    async with setup("sqlite-embedded", None, tmp_path) as running:
        days = Days(running, PipedriveLeadOffice)
        await days.loop.step()
        office = days.office
        for number in range(4):
            await days.come(number)
            await running.later(minutes=5)
        leads = list(await days.deals())
        assert not any(lead.isdigit() for lead in leads)
        await running.later(hours=1)
        assert await days.sweep() == 0, "what we wrote ourselves is nobody's work"
        called = running.at
        office.call(leads[0], by=(await days.lead(leads[0])).owner)
        office.archive(leads[1])
        taken = {leads[2]: office.take(leads[2], "accepted"), leads[3]: office.take(leads[3])}
        office.move(taken[leads[3]], "won", by="")
        await running.later(minutes=20)
        await days.write()
        handovers = {lead: record.key for lead, record in (await days.deals()).items()}
        assert await days.sweep() == 6, "a call, the archive, two deals, an acceptance and an end"
        assert days.repaired == 4, "the id of a deal is no webhook's to bring"
        assert datetime.fromisoformat((await days.kept())[handovers[leads[0]]]) == called
        kept = {record.key: ident for ident, record in (await days.deals()).items()}
        assert {lead: kept[handovers[lead]] for lead in leads[2:]} == taken, "what follows is written to the deal"
        assert (await days.lead(taken[leads[2]])).handover.accepted_at is not None
        assert (await days.lead(leads[1])).handover.outcome == "rejected"
        assert (await days.lead(taken[leads[3]])).handover.outcome == "won"
        await running.later(hours=30)
        assert await days.sweep() == 0, "what is known is no news"
        assert set(days.counts) == {"agrees"}
        assert office.api.violations == []
