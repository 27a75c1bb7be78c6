"""Commands, and the roster that they change."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from routing.people.permissions import Principal
from schemas.commands import Command
from schemas.http import LEAD_ID, CommandTaken, RosterView
from services.api.access import Access, Key, route
from services.api.commanding import Commanding, Refused, SameKey, carry
from services.api.scoped import Scoped
from services.api.views import may_see
from services.door.problems import Trouble

IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=200, description="The same key is the same command: asked twice, it happens once.", examples=["7f3a"]
    ),
]


_ASKS = {
    "description": "What is asked for, and why.",
    "content": {
        "application/json": {
            "examples": {
                "accept": {"value": {"command": "accept", "lead": LEAD_ID, "reason": "calling today"}},
                "absence": {"value": {"command": "absence", "person": "elin", "reason": "ill"}},
            }
        }
    },
}


def add_commands(router: APIRouter, scoped: Scoped, access: Access, commanding: Commanding) -> None:
    """`POST /v1/commands`."""

    @route(
        router,
        "/commands",
        "not_found",
        "refused",
        "other_command",
        scope="commands:write",
        operation="command",
        tag="commands",
        method="POST",
        status_code=202,
        summary="Ask for something",
        asks=_ASKS,
    )
    async def command(
        asked: Command,
        key: Key = access.needs("commands:write"),
        idempotency_key: IdempotencyKey = None,
    ) -> CommandTaken:
        """Accept, reject, claim, assign, delegate, hold, release, ... a lead; an absence, a newcomer, a paused pool.

        It becomes a signal in its lead's own order, and is looked at again when the router carries it out: `GET
        /v1/signals/{id}` tells what came of it.
        """
        if key.person is None and key.acts_as is None:
            raise Trouble("refused", "this key names no `person`; one that acts for others says `acts_as: everybody`")
        world = commanding._replace(lead=scoped.of(key).lead)
        try:
            signal = await carry(world, asked.root, Principal(key.name, key.person), idempotency_key)
        except Refused as refused:
            raise Trouble("not_found" if refused.missing else "refused", str(refused)) from None
        except SameKey:
            raise Trouble("other_command") from None
        return CommandTaken(signal=signal.id)


def add_roster(router: APIRouter, access: Access, commanding: Commanding) -> None:
    """`GET /v1/roster`."""

    @route(router, "/roster", scope="leads:read", operation="getRoster", tag="commands", summary="Show who works now")
    async def roster(key: Key = access.needs("leads:read")) -> RosterView:
        """The roster in force: the file with every recorded change; `away` says why somebody gets nothing now. Where people are told
        (`notify`) is for keys with `personal:read`."""
        found, now = await commanding.roster(), commanding.now()
        away: dict[str, str] = {
            person: code for person in found.people if (code := found.why_away(person, now)) is not None
        }
        hidden = {} if may_see(key) else {"notify": None}
        people = [member.model_copy(update=hidden) for member in found.people.values()]
        return RosterView(version=found.version, people=people, pools=list(found.pools.values()), away=away)
