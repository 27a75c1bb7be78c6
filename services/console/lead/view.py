"""The screen of a lead as a whole: from what the store and the agreement say to what is shown. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from routing.model.records import Lead
from routing.people.permissions import PAGE
from routing.people.roster import Roster
from schemas.explain import LeadExplanation
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import DISPOSITIONS, plain, stage_name, track_name
from services.console.lead.actions import ActionView, Situation, actions_for
from services.console.lead.clocks import ClockView, clock_view
from services.console.lead.dossier import DossierView, dossier_view, title_of
from services.console.lead.next_steps import NextStep, next_steps
from services.console.lead.owner import OwnerView, owner_view
from services.console.lead.story import Listener, StoryDay, story_days
from services.ports.console import StoryPage, StoryPlace


class Material(NamedTuple):
    """What a lead's screen is made of: who looks at it (`situation`), where it is and why, and a page of its story."""

    situation: Situation
    explanation: LeadExplanation
    story: StoryPage
    notes: bool


class LeadView(NamedTuple):
    """Everything that the screen shows. `warnings` are what somebody should know before anything else;
    `over` are the promises that were kept or hold no more."""

    lead_id: str
    title: str
    company: str
    stage: str
    since: str
    warnings: Sequence[str]
    owner: OwnerView
    next_steps: Sequence[NextStep]
    clocks: Sequence[ClockView]
    over: Sequence[ClockView]
    dossier: DossierView
    actions: Sequence[ActionView]
    story: Sequence[StoryDay]
    earlier: str | None


def lead_view(material: Material, reader: Reader) -> LeadView:
    """For one reader, who sees it under their right."""
    situation, made = material.situation, material.explanation
    lead, title = situation.lead, title_of(situation.lead, reader)
    company = lead.company_name or lead.company_domain or ""
    listener = Listener(reader, title, material.notes)
    since = reader.instant(lead.owner_since) if lead.owner_since is not None else ""
    clocks = [clock_view(clock, reader) for clock in sorted(made.clocks, key=lambda c: c.started_at, reverse=True)]
    return LeadView(
        lead_id=lead.id,
        title=title,
        company=company if company != title else "",
        stage=_stage(lead, reader),
        since=reader.instant(lead.stage_since),
        warnings=list(_warnings(lead, reader)),
        owner=owner_view(made, since, reader),
        next_steps=next_steps(lead, reader),
        clocks=[clock for clock in clocks if clock.state not in ("fulfilled", "cancelled")],
        over=[clock for clock in clocks if clock.state in ("fulfilled", "cancelled")],
        dossier=dossier_view(lead, situation.agreement, reader),
        actions=actions_for(situation, reader),
        story=story_days(material.story, listener, known_ids(situation.roster)),
        earlier=_place(material.story.earlier),
    )


def known_ids(roster: Roster) -> dict[str, str]:
    """By the ids that we and other systems have of our people, who it is."""
    people = roster.file.people
    return {ident: member.id for member in people for ident in (member.id, *member.ids.values())}


def _stage(lead: Lead, reader: Reader) -> str:
    stage = stage_name(lead.stage, reader)
    if lead.stage == "nurturing" and lead.track is not None:
        stage = f"{stage}: {track_name(lead.track, reader)}"
    if lead.pass_number > 1:
        stage += ", " + reader.say("round %(n)s", n=lead.pass_number)
    return stage


def _warnings(lead: Lead, reader: Reader) -> Iterator[str]:
    if lead.merged_into is not None:
        yield reader.say("This lead is one with another, and stands still. What happens next happens there.")
    if lead.disposition != "active":
        text = reader.say(DISPOSITIONS[lead.disposition])
        yield reader.say("Set aside: %(what)s. Nobody is asked to do anything.", what=text)
    if lead.limbo is not None:
        yield reader.say(
            "Nobody has it, and nothing waits for anybody to take it. This should not happen: tell whoever runs Stafett."
        )
    if lead.held:
        yield reader.say("Something about it could not be read: what comes later waits behind it")
    if lead.parked is not None and lead.parked_until is not None:
        yield reader.say(
            "On hold until %(at)s, by %(person)s", at=reader.instant(lead.parked_until), person=asker_name(lead.parked)
        )
    elif lead.parked is not None:
        yield reader.say("On hold, by %(person)s", person=asker_name(lead.parked))
    if lead.handover is not None and lead.handover.blocked and lead.handover.closed_at is None:
        parts = ", ".join(plain(part) for part in lead.handover.blocked)
        yield reader.say("Not offered to anybody before the dossier has: %(parts)s", parts=parts)


def asker_name(principal: str) -> str:
    """Whoever asked, by the name that commands are recorded under: somebody of the page by their own, a program by its key's."""
    return person_name(principal.removeprefix(f"{PAGE}/"))


def _place(place: StoryPlace | None) -> str | None:
    return f"{place.signal}.{place.event}" if place is not None else None
