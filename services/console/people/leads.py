"""The leads behind a figure of somebody, as lines. Nothing here asks anybody."""

from __future__ import annotations

from typing import NamedTuple

from routing.lifecycle import WORKED
from routing.model.records import Lead, LeadPersonal
from schemas.signals import Person
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import lead_name, plain, stage_name
from services.console.signed_in import SignedIn
from services.ports.console import Waiting
from services.ports.rows import LeadRow


class LeadLine(NamedTuple):
    """`lead_id` is None for a lead that is not the reader's to see any more: then it has no name either. `what` says why it is listed."""

    lead_id: str | None
    name: str
    company: str
    stage: str
    what: str


def open_lines(rows: list[LeadRow], somebody: SignedIn, reader: Reader) -> list[LeadLine]:
    """Open leads by stage, of each stage who has been there longest first."""
    leads = sorted(
        ((Lead.read(row.state), row) for row in rows),
        key=lambda pair: (WORKED.index(pair[0].stage), pair[0].stage_since),
    )
    return [_line(row, somebody, reader, reader.say("since %(at)s", at=reader.instant(lead.stage_since))) for lead, row in leads]  # fmt: skip


def promise_lines(found: list[Waiting], somebody: SignedIn, reader: Reader) -> list[LeadLine]:
    """Promises in the same order, each with the lead that it is about."""
    return [
        _line(
            one.lead,
            somebody,
            reader,
            reader.say("%(promise)s, due %(at)s", promise=plain(one.clock.policy), at=reader.instant(one.clock.due_at)),
        )
        for one in found
    ]


def _line(row: LeadRow, somebody: SignedIn, reader: Reader, what: str) -> LeadLine:
    lead = Lead.read(row.state)
    if not somebody.sees(row.brand, row.owner):
        owner = person_name(row.owner) if row.owner else reader.say("somebody else")
        return LeadLine(
            lead_id=None,
            name=reader.say("A lead that is now with %(person)s", person=owner),
            company="",
            stage="",
            what=what,
        )
    person = LeadPersonal.read(row.personal).person if row.personal else Person()
    company = lead.company_name or lead.company_domain or ""
    name = lead_name(person) or company or reader.say("A lead without a name")
    return LeadLine(
        lead_id=lead.id,
        name=name,
        company=company if company != name else "",
        stage=stage_name(lead.stage, reader),
        what=what,
    )
