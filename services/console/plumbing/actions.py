"""What can be asked for on the screen: the same that the API and the command line do, for who has the right `plumbing`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Literal, assert_never, get_args

from services.api.sinks import TARGET, sees_sink, switch_sink
from services.api.unnamed import unnamed_reason
from services.console.answering import NotThere
from services.console.language.words import mark
from services.console.plumbing.desk import PlumbingDesk, Room
from services.console.signed_in import SignedIn
from services.door.problems import Trouble
from services.ports.rows import Redriving

log = logging.getLogger("stafett.http")
Action = Literal["redrive", "reread", "resume", "enable"]
DONE: Mapping[Action, str] = {
    "redrive": mark("It is tried again, in the lead's own order. What fails again is here again in a moment."),
    "reread": mark("It was understood, and is on its way."),
    "resume": mark("It is written again, beginning with what came meanwhile."),
    "enable": mark("It is sent again, beginning with what came meanwhile."),
}
_REFUSALS: Mapping[Redriving, str] = {
    "not_held": mark("nothing of it waits any more"),
    "holds_lead": mark("it holds a lead, which is what has to be tried again"),
    "settled": mark("that was done already"),
    "too_large": mark("it is larger than the log takes"),
    "no_key": mark("it is sealed with a key that the store does not have"),
}
_TROUBLES: Mapping[str, str] = {
    "still_unclear": mark("it is still not understood"),
    "no_longer_kept": mark("its source is not there any more, or it was erased"),
    "no_scope": mark("it is of brands that you do not see"),
    "not_found": mark("it is not there any more, or it never ran"),
    "unavailable": mark("it cannot be stored just now; try again in a moment"),
}


def action_of(name: str) -> Action:
    """Raises NotThere for one that there is not."""
    found: Action | None = next((action for action in get_args(Action) if action == name), None)
    if found is None:
        raise NotThere
    return found


def may_see_whole(somebody: SignedIn) -> bool:
    """Whether names that a sender chose may be shown to them, as to keys with `personal:read`: to who sees all leads and what is
    written of them."""
    return somebody.may("all_leads") and somebody.may("notes")


async def act(room: Room, somebody: SignedIn, action: Action, name: str) -> str | None:
    """What is in the way, in their language; None where it is done. Raises NotThere for what is not theirs, StoreUnavailable,
    LogUnavailable."""
    if not name.isprintable():
        raise NotThere
    log.info("asked for on the page", extra={"action": action})
    match action:
        case "redrive":
            return await _redrive(room, somebody, name)
        case "reread":
            return await _read_again(room, somebody, name)
        case "resume":
            if not sees_sink(room.desk.sinks, name, somebody.brands):
                raise NotThere
            return await _resume(room, somebody, name)
        case "enable":
            if somebody.brands is not None:
                raise NotThere
            return await _enable(room, somebody, name)
        case _:
            assert_never(action)


async def _redrive(room: Room, somebody: SignedIn, name: str) -> str | None:
    if not await _is_theirs(room.desk, somebody, name):
        raise NotThere
    outcome = await room.desk.redrive(name)
    refusal = _REFUSALS.get(outcome)
    return _cannot(room, somebody, room.console.reader(somebody).say(refusal)) if refusal is not None else None


async def _is_theirs(desk: PlumbingDesk, somebody: SignedIn, name: str) -> bool:
    """Whether the lead, or the letter that names none, is of their brands."""
    reading = desk.reading_of(somebody)
    if await reading.lead(name) is not None:
        return True
    letter = await desk.reading.dead_letter(name)
    if letter is None:
        return False
    sources = desk.sources_of(somebody)
    if letter.lead_id is not None:
        return await reading.lead(letter.lead_id) is not None
    return sources is None or letter.source in sources


async def _read_again(room: Room, somebody: SignedIn, name: str) -> str | None:
    entry = await room.desk.reading_of(somebody).quarantine_entry(name)
    if entry is None:
        raise NotThere
    try:
        retried = await room.desk.retry(name)
    except Trouble as trouble:
        if trouble.code != "still_unclear" or trouble.detail is None:
            return _cannot_for(room, somebody, trouble)
        # In the words of who reads bodies, as the list has it.
        why = trouble.detail if may_see_whole(somebody) else unnamed_reason(trouble.detail, entry.source)
        return f"{_cannot_for(room, somebody, trouble)} ({why})"
    if retried is None:
        raise NotThere
    return None


async def _resume(room: Room, somebody: SignedIn, name: str) -> str | None:
    try:
        await switch_sink(room.desk.sinks, TARGET + name, somebody.brands, None)
    except Trouble as trouble:
        return _cannot_for(room, somebody, trouble)
    return None


async def _enable(room: Room, somebody: SignedIn, name: str) -> str | None:
    try:
        await room.desk.subscriptions.set_disabled(name, None)
    except Trouble as trouble:
        return _cannot_for(room, somebody, trouble)
    return None


def _cannot(room: Room, somebody: SignedIn, why: str) -> str:
    return room.console.reader(somebody).say("That cannot be done now: %(why)s", why=why)


def _cannot_for(room: Room, somebody: SignedIn, trouble: Trouble) -> str:
    reader = room.console.reader(somebody)
    return _cannot(room, somebody, reader.say(_TROUBLES.get(trouble.code, _TROUBLES["not_found"])))
