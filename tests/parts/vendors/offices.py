"""Salespeople at work in the stand-ins: the same deeds in each, so that what is read back can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from schemas.sinks.base import Stages
from schemas.sinks.vendors import HubspotSink, PipedriveSink, SalesforceSink
from services.sinks.records import Key, Wanted
from services.sinks.vendor import Vendor
from services.sinks.vendors.hubspot import Hubspot
from services.sinks.vendors.hubspot_shapes import KEY as HUBSPOT_KEY
from services.sinks.vendors.pipedrive import Pipedrive
from services.sinks.vendors.salesforce import Salesforce
from tests.parts.vendors import pipedrive
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import Limit
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import Owner
from tests.parts.vendors.hubspot_records import Property, Records
from tests.parts.vendors.salesforce import KEY, SalesforceApi
from tests.parts.vendors.salesforce_records import STAGES, Field

Clock = Callable[[], datetime]
PEOPLE = ("anna", "bo")
NAMES = ("offered", "accepted", "returned", "won", "lost")


class Office(Protocol):
    """One CRM. `stages` are its ids by our names, `people` its ids of salespeople by their names, `our_user` is who we are there.
    `tells_who`: it says who changed a stage."""

    kind: str
    stages: dict[str, str]
    people: dict[str, str]
    our_user: str
    tells_who: bool
    vendor: Vendor

    @property
    def api(self) -> pipedrive.PipedriveApi | HubSpotApi | SalesforceApi: ...

    def move(self, deal: str, stage: str, by: str) -> None: ...

    def give(self, deal: str, to: str, by: str) -> None: ...

    def call(self, deal: str, by: str) -> str: ...

    def miss(self, deal: str, by: str) -> None:
        """A call that nobody answered, or that came in: no step."""

    def tick(self, task: str, by: str) -> None: ...

    def delete(self, deal: str, by: str) -> None: ...

    def touch(self, deal: str) -> None:
        """A change that is nobody's business."""


async def open_deal(office: Office, key: str, owner: str) -> str:
    """A deal of ours, made as the sink makes it."""
    values = {"name": f"Kund {key}", "owner": office.people[owner], "stage": office.stages["offered"]}
    wanted = Key("opportunity", key)
    made = await office.vendor.create(wanted, office.vendor.render(Wanted(wanted, values)), {})
    return made.vendor_id


async def open_task(office: Office, deal: str, key: str, owner: str) -> str:
    """The task of an offer of ours."""
    wanted = Key("task", key)
    values = {"subject": "Call", "owner": office.people[owner], "text": f"by noon\n{wanted.marker}", "state": "open"}
    values |= {"due_at": "2026-12-01T12:00:00Z", "priority": "normal"}
    made = await office.vendor.create(wanted, office.vendor.render(Wanted(wanted, values)), {"opportunity": deal})
    return made.vendor_id


class HubspotOffice:
    kind, our_user, tells_who = "hubspot", "us", True

    def __init__(
        self, clock: Clock, names: Sequence[str] = PEOPLE, lag: timedelta = timedelta(0), **values: object
    ) -> None:
        self.people = {name: str(7 + 2 * number) for number, name in enumerate(names)}
        self.stages = dict(zip(NAMES, ("offered", "accepted", "returned", "closedwon", "closedlost"), strict=True))
        owners = {ident: Owner(ident, f"{name}@firma.example") for name, ident in self.people.items()}
        self.api = HubSpotApi(owners=owners, records=Records(lag=lag, now=clock))
        self.api.add_property("deals", Property(HUBSPOT_KEY, is_unique=True))
        self.api.burst, self.api.searches = Limit(100_000, 10), Limit(100_000, 1)
        fields = {"name": "crm", "kind": "hubspot", "mode": "live", "secret": "STAFETT_SECRET_CRM", **values}
        self.sink = HubspotSink.model_validate({**fields, "stages": self.stages})
        self.vendor = Hubspot(self.sink, StandInCaller(self.api), "pat-eu1-stand-in", clock)

    def _user(self, person: str) -> str:
        return "us" if person == "us" else f"userId:{int(self.people[person]) + 1}"

    def _set(self, noun: str, ident: str, by: str, **values: str) -> None:
        self.api.records.update(self.api.records.at(noun, ident), values, by=self._user(by))

    def move(self, deal: str, stage: str, by: str) -> None:
        self._set("deals", deal, by, dealstage=self.stages[stage])

    def give(self, deal: str, to: str, by: str) -> None:
        self._set("deals", deal, by, hubspot_owner_id=self.people[to])

    def call(self, deal: str, by: str) -> str:
        return self._log(deal, by, hs_call_direction="OUTBOUND", hs_call_status="COMPLETED")

    def miss(self, deal: str, by: str) -> None:
        self._log(deal, by, hs_call_direction="INBOUND", hs_call_status="COMPLETED")

    def _log(self, deal: str, by: str, **values: str) -> str:
        now = self.api.records.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        about = {"hs_timestamp": now, "hubspot_owner_id": self.people[by], **values}
        return self.api.records.create("calls", about, [("deals", deal)], by=self._user(by)).id

    def tick(self, task: str, by: str) -> None:
        self._set("tasks", task, by, hs_task_status="COMPLETED")

    def delete(self, deal: str, by: str) -> None:
        self.api.records.archive(self.api.records.at("deals", deal))

    def touch(self, deal: str) -> None:
        record = self.api.records.at("deals", deal)
        self.api.records.update(record, {"description": f"{len(record.index)}"}, by="userId:99")


class SalesforceOffice:
    kind, tells_who = "salesforce", True

    def __init__(self, clock: Clock, names: Sequence[str] = PEOPLE, **values: object) -> None:
        self.people = {name: f"005{7 + number:012}AAA" for number, name in enumerate(names)}
        self.stages = dict(zip(NAMES, STAGES, strict=True))
        self.api = SalesforceApi()
        self.api.records.now = clock
        self.our_user = self.api.records.me
        self.api.records.fields["Opportunity"][KEY] = Field(KEY, most=80, is_external_id=True, is_unique=True)
        for ident in self.people.values():
            self.api.records.add_user(ident)
        fields = {"name": "crm", "kind": "salesforce", "mode": "live", "secret": "STAFETT_SECRET_CRM", **values}
        fields |= {"base_url": "https://org.my.salesforce.com", "client_id": "client", "stages": self.stages}
        self.sink = SalesforceSink.model_validate(fields)
        self.vendor = Salesforce(self.sink, StandInCaller(self.api), "client-secret-of-stand-in", clock)

    def _set(self, noun: str, ident: str, by: str, **values: str) -> None:
        user = self.our_user if by == "us" else self.people[by]
        self.api.records.update(noun, self.api.records.at(noun, ident), values, by=user)

    def move(self, deal: str, stage: str, by: str) -> None:
        self._set("Opportunity", deal, by, StageName=self.stages[stage])

    def give(self, deal: str, to: str, by: str) -> None:
        self._set("Opportunity", deal, by, OwnerId=self.people[to])

    def call(self, deal: str, by: str) -> str:
        return self._log(deal, by, CallType="Outbound")

    def miss(self, deal: str, by: str) -> None:
        self._log(deal, by, CallType="Inbound")

    def _log(self, deal: str, by: str, **values: str) -> str:
        about = {"Subject": "Call", "Type": "Call", "Status": "Completed", "Priority": "Normal", "WhatId": deal}
        owner = self.people[by]
        return self.api.records.create("Task", {**about, "OwnerId": owner, **values}, by=owner)

    def tick(self, task: str, by: str) -> None:
        self._set("Task", task, by, Status="Completed")

    def delete(self, deal: str, by: str) -> None:
        self.api.records.delete("Opportunity", deal, self.people[by])

    def touch(self, deal: str) -> None:
        self._set("Opportunity", deal, "anna", Description="x")


class PipedriveOffice:
    kind, our_user, tells_who = "pipedrive", "1", False

    def __init__(self, clock: Clock, names: Sequence[str] = PEOPLE, **values: object) -> None:
        self.people = {name: str(7 + number) for number, name in enumerate(names)}
        self.stages = {"offered": "1", "accepted": "2", "returned": "3", "won": "won", "lost": "lost"}
        self.api = pipedrive.PipedriveApi(now=clock, users=dict.fromkeys((1, *map(int, self.people.values())), True))
        fields = {"name": "crm", "kind": "pipedrive", "mode": "live", "secret": "STAFETT_SECRET_CRM", **values}
        fields |= {"base_url": "https://firma.pipedrive.com", "key_field": pipedrive.KEY, "stages": self.stages}
        self.sink = PipedriveSink.model_validate(fields)
        self.vendor = Pipedrive(self.sink, StandInCaller(self.api), pipedrive.TOKEN, clock)

    def move(self, deal: str, stage: str, by: str) -> None:
        theirs = self.stages[stage]
        is_end = theirs in ("won", "lost")
        self.api.change("deals", int(deal), {"status": theirs} if is_end else {"stage_id": int(theirs)})

    def give(self, deal: str, to: str, by: str) -> None:
        self.api.change("deals", int(deal), {"owner_id": int(self.people[to])})

    def call(self, deal: str, by: str) -> str:
        row = self._log(deal, by)
        self.api.change("activities", row, {"done": True})
        return str(row)

    def miss(self, deal: str, by: str) -> None:
        """An activity that is only planned."""
        self._log(deal, by)

    def _log(self, deal: str, by: str) -> int:
        values = {"type": "call", "subject": "Call", "deal_id": int(deal), "owner_id": int(self.people[by])}
        return int(str(self.api.make("activities", values)["id"]))

    def tick(self, task: str, by: str) -> None:
        self.api.change("activities", int(task), {"done": True})

    def delete(self, deal: str, by: str) -> None:
        self.api.change("deals", int(deal), {"is_deleted": True})

    def touch(self, deal: str) -> None:
        self.api.change("deals", int(deal), {"title": "other"})


class PipedriveLeadOffice(PipedriveOffice):
    """Works with leads, and makes deals of them."""

    def __init__(self, clock: Clock, names: Sequence[str] = PEOPLE, **values: object) -> None:
        super().__init__(clock, names, **values)
        self.sink = self.sink.model_copy(update={"opportunity": "lead", "stages": Stages()})
        self.vendor = Pipedrive(self.sink, StandInCaller(self.api), pipedrive.TOKEN, clock)
        self.person = str(self.api.make("persons", {"name": "Kund"})["id"])

    async def open_lead(self, key: str, owner: str) -> str:
        """A lead of ours, made as the sink makes it."""
        wanted = Key("opportunity", key)
        fields = self.vendor.render(Wanted(wanted, {"name": f"Kund {key}", "owner": self.people[owner]}))
        return (await self.vendor.create(wanted, fields, {"contact": self.person})).vendor_id

    def take(self, lead: str, stage: str = "offered") -> str:
        """The deal that somebody made of it."""
        return pipedrive.convert(self.api, lead, int(self.stages[stage]))

    def archive(self, lead: str) -> None:
        self._change(lead, is_archived=True)

    def give(self, deal: str, to: str, by: str) -> None:
        self._change(deal, owner_id=int(self.people[to]))

    def _change(self, lead: str, **values: object) -> None:
        self.api.change("leads", pipedrive.number_of(lead), values)

    def _log(self, deal: str, by: str) -> int:
        beside = {"deal_id": int(deal)} if deal.isdigit() else {"lead_id": deal}
        values = {"type": "call", "subject": "Call", "owner_id": int(self.people[by]), **beside}
        return int(str(self.api.make("activities", values)["id"]))


OFFICES = {"hubspot": HubspotOffice, "salesforce": SalesforceOffice, "pipedrive": PipedriveOffice}
