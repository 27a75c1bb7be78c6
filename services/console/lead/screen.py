"""The screen of one lead, at `/leads/{id}`: its story from the first touch to now, who has it and why, what is promised, what
happens next, and what the reader may do about it (`actions.py`)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import get_args

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from routing.model.records import Lead, LeadPersonal
from schemas.certain import certain
from schemas.commands import Command
from schemas.words import is_not_qualified
from services.api.commanding import Refused, SameKey, carry
from services.console.answering import NotThere, screen
from services.console.asking import commanding_as, roster_as
from services.console.console import Console
from services.console.lead.actions import DONE, Action, Situation, command_of
from services.console.lead.view import Material, lead_view
from services.console.refusals import refusal_text
from services.console.signed_in import SignedIn
from services.ports.console import StoryPlace

_LEAD_ID = re.compile(r"lead_[a-z2-7]{26}")
_PLACE = re.compile(r"(\d{1,18})\.(\d{1,18})", re.ASCII)
_LONGEST_KEY = 64


def lead_routes(console: Console) -> list[Route]:
    """The page of a lead, and the commands that it asks for."""

    async def show(request: Request, somebody: SignedIn) -> Response:
        return await _show(console, request, somebody)

    async def ask(request: Request, somebody: SignedIn) -> Response:
        lead = await _lead_of(console, request, somebody)
        name = _action(request.path_params["action"])
        form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
        if name == "acknowledge":
            for incident in await console.page.open_incidents(lead.id):
                await console.incidents.acknowledge(incident.id, somebody.person)
        elif (problem := await _carry(console, somebody, asked=(name, lead.id), form=form)) is not None:
            return await _show(console, request, somebody, problem)
        return RedirectResponse(f"/leads/{lead.id}?done={name}", 303)

    return [
        Route("/leads/{lead_id}", screen(console, show), methods=["GET"]),
        Route("/leads/{lead_id}/{action}", screen(console, ask), methods=["POST"]),
    ]


async def _show(console: Console, request: Request, somebody: SignedIn, problem: str | None = None) -> Response:
    # Before anything else: what comes while the page is made is told once more, and nothing is missed.
    head = await console.page.head()
    lead, reader = await _lead_of(console, request, somebody), console.reader(somebody)
    explanation = await console.explainer.within(console.reading_of(somebody)).lead(lead.id)
    before = _place(request.query_params.get("before", ""))
    incidents = await console.page.open_incidents(lead.id)
    ruling = await console.ruling()
    situation = Situation(
        person=somebody.person,
        lead=lead,
        agreement=ruling.agreement,
        roster=roster_as(somebody, ruling.roster),
        firing=any(incident.state == "firing" for incident in incidents),
    )
    material = Material(
        situation=situation,
        explanation=certain(explanation, "the lead was read a moment ago"),
        story=await console.page.story(lead.id, before),
        notes=somebody.may("notes"),
    )
    done = request.query_params.get("done", "") if problem is None else ""
    action = done if done in DONE else ""
    return console.pages.render(
        "lead.html",
        reader,
        somebody,
        status=200 if problem is None else 409,
        view=lead_view(material, reader),
        # The same form sent twice asks once.
        once=secrets.token_hex(16),
        action=action,
        done=reader.say(DONE[_action(action)]) if action else "",
        problem=problem or "",
        before=before is not None,
        head=head,
        lead=lead.id,
    )


async def _lead_of(console: Console, request: Request, somebody: SignedIn) -> Lead:
    """With what is known of the person. Raises NotThere where there is none for whoever asks."""
    ident = request.path_params["lead_id"]
    row = await console.reading_of(somebody).lead(ident) if _LEAD_ID.fullmatch(ident) else None
    if row is None or not somebody.sees(row.brand, row.owner):
        raise NotThere
    lead = Lead.read(row.state)
    lead.held = row.held
    lead.personal = LeadPersonal.read(row.personal) if row.personal else LeadPersonal()
    return lead


async def _carry(
    console: Console, somebody: SignedIn, *, asked: tuple[str, str], form: Mapping[str, str]
) -> str | None:
    """What is in the way, in words; None where the command is on its way. Raises NowhereToPut, StoreUnavailable."""
    reader, (name, lead_id) = console.reader(somebody), asked
    if is_not_qualified(form.get("reason")) and not form.get("criterion", "").strip():
        return reader.say("For “not qualified”, say which criterion was not met.")
    try:
        command = Command.model_validate(command_of(name, lead_id, form, reader)).root
    except ValidationError:
        return reader.say("Something is missing or too long: look at the form again.")
    except ValueError:
        return reader.say("That is no day: write it as 2026-12-24.")
    world = commanding_as(somebody, console.commanding)
    key = form.get("once", "")[:_LONGEST_KEY] or None
    try:
        await carry(world, command, somebody.principal(), key)
    except (Refused, SameKey) as refused:
        return refusal_text(refused, name, reader)
    return None


def _action(name: str) -> Action:
    """Raises NotThere for one that there is not."""
    found: Action | None = next((action for action in get_args(Action) if action == name), None)
    if found is None:
        raise NotThere
    return found


def _place(text: str) -> StoryPlace | None:
    """Where a page of the story goes on; the newest for what we did not write."""
    found = _PLACE.fullmatch(text)
    return StoryPlace(int(found[1]), int(found[2])) if found is not None else None
