"""The screen Agreement at `/agreement`, a version at `/agreement/{digest}`, and a file that somebody proposes at `/agreement/proposal`."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from schemas.agreement import AgreementFile
from schemas.certain import certain
from schemas.commands import Approve
from schemas.http import AgreementView
from schemas.words import Side
from services.api.commanding import Refused, SameKey, carry
from services.console.agreement.changes import Change, changes_between
from services.console.agreement.promises import SIDES
from services.console.agreement.sections import sections_of
from services.console.agreement.signing import read_proposal, sides_of
from services.console.agreement.versions import SHORT, missing_sides, version_line, waiting_approvals
from services.console.answering import NotThere, screen
from services.console.asking import commanding_as, roster_as
from services.console.console import Console
from services.console.language.reader import Reader
from services.console.refusals import refusal_text
from services.console.signed_in import SignedIn
from services.rules.differences import file_differences
from services.rules.ruling import Ruling

_DIGEST = re.compile(r"[0-9a-f]{12,64}")
_LONGEST_KEY = 64
_LOOKS, _REST = 20, 0.1
"""How often, and how many seconds apart, it is looked whether the router has recorded an approval: then the page shows it."""


class Compared(NamedTuple):
    """What a version says otherwise than another: in sentences, and path by path in the file."""

    digest: str
    changes: Sequence[Change]
    paths: Sequence[str]


class Signing(NamedTuple):
    """The buttons for those sides of the reader that have not approved this hash yet."""

    digest: str
    sides: Sequence[tuple[Side, str]]


def agreement_routes(console: Console) -> list[Route]:
    """What rules, each version with its file, what is proposed, and approving."""

    async def show_ruling(request: Request, somebody: SignedIn) -> Response:
        return await _show(console, request, somebody)

    async def show_version(request: Request, somebody: SignedIn) -> Response:
        digest = request.path_params["digest"]
        if not _DIGEST.fullmatch(digest):
            raise NotThere
        return await _show(console, request, somebody, digest=digest)

    async def give_file(request: Request, _: SignedIn) -> Response:
        digest = request.path_params["digest"]
        if not _DIGEST.fullmatch(digest):
            raise NotThere
        version = await _version(console, digest)
        return PlainTextResponse(await _text(console, version.hash))

    async def show_proposal(request: Request, somebody: SignedIn) -> Response:
        text = (await request.form()).get("text")
        return await _show_proposal(console, somebody, text if isinstance(text, str) else "")

    async def approve(request: Request, somebody: SignedIn) -> Response:
        form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
        problem = await _carry(console, somebody, form)
        if problem is not None:
            return await _show(console, request, somebody, problem=problem)
        return RedirectResponse("/agreement?done=approve", 303)

    return [
        Route("/agreement", screen(console, show_ruling), methods=["GET"]),
        Route("/agreement/proposal", screen(console, show_proposal), methods=["POST"]),
        Route("/agreement/approve", screen(console, approve), methods=["POST"]),
        Route("/agreement/{digest}", screen(console, show_version), methods=["GET"]),
        Route("/agreement/{digest}/agreement.yaml", screen(console, give_file), methods=["GET"]),
    ]


async def _show(
    console: Console, request: Request, somebody: SignedIn, *, digest: str | None = None, problem: str = ""
) -> Response:
    """The version with this hash, else the one that rules."""
    reader, ruling = console.reader(somebody), await console.ruling()
    version = await _version(console, digest or ruling.agreement.hash)
    agreement = ruling.agreement_of(version.hash)
    if agreement is None:
        raise NotThere
    other = request.query_params.get("than", "")
    compared = await _compare(console, ruling, version, other=other, reader=reader)
    done = not problem and request.query_params.get("done") == "approve"
    return console.pages.render(
        "agreement.html",
        reader,
        somebody,
        status=409 if problem else 200,
        version=version_line(version, reader),
        sections=sections_of(agreement.file, reader),
        compared=compared,
        versions=[version_line(one, reader) for one in reversed(await console.versions.all())],
        waiting=waiting_approvals(await console.versions.pending(), reader),
        may_propose=bool(_sides(somebody, ruling)),
        signing=await _signing(console, somebody, ruling, file=agreement.file, digest=version.hash, reader=reader)
        if version.rules != "now"
        else None,
        # The same form sent twice asks once.
        once=secrets.token_hex(16),
        done=reader.say("Noted: you approved it.") if done else "",
        problem=problem,
        url=f"/agreement/{digest}" + (f"?than={other}" if _DIGEST.fullmatch(other) else "") if digest else "/agreement",
        lead=None,
    )


async def _version(console: Console, digest: str) -> AgreementView:
    """By the beginning of its hash; one that was published twice as it stands now. Raises NotThere."""
    order = ("withdrawn", "before", "later", "now")
    named = [version for version in await console.versions.all() if version.hash.startswith(digest)]
    if not named:
        raise NotThere
    return max(named, key=lambda version: order.index(version.rules))


async def _text(console: Console, digest: str) -> str:
    """The file of a version, as it was signed."""
    return certain(await console.versions.text(digest), "it is one of the versions")


async def _compare(
    console: Console, ruling: Ruling, version: AgreementView, *, other: str, reader: Reader
) -> Compared | None:
    """With the version that is asked for, else with the one that rules; None where that is itself."""
    base = await _version(console, other if _DIGEST.fullmatch(other) else ruling.agreement.hash)
    if base.hash == version.hash:
        return None
    old, new = ruling.agreement_of(base.hash), ruling.agreement_of(version.hash)
    if old is None or new is None:
        return None
    texts = await _text(console, base.hash), await _text(console, version.hash)
    return await _compare_files((old.file, texts[0]), (new.file, texts[1]), base.hash, reader)


async def _compare_files(
    old: tuple[AgreementFile, str], new: tuple[AgreementFile, str], digest: str, reader: Reader
) -> Compared:
    changes = changes_between(sections_of(old[0], reader), sections_of(new[0], reader))
    return Compared(digest[:SHORT], changes, await asyncio.to_thread(file_differences, old[1], new[1]))


def _sides(somebody: SignedIn, ruling: Ruling, file: AgreementFile | None = None) -> list[Side]:
    roster = roster_as(somebody, ruling.roster)
    return sides_of(somebody.person, roster, ruling, file.approvers if file is not None else None)


async def _signing(
    console: Console, somebody: SignedIn, ruling: Ruling, *, file: AgreementFile, digest: str, reader: Reader
) -> Signing | None:
    given = [one for one in await console.versions.pending() if one.hash == digest]
    own = {one.side for one in given if one.person == somebody.person}
    wanted = [side for side in _sides(somebody, ruling, file) if side in missing_sides(given) and side not in own]
    return Signing(digest, [(side, reader.say(SIDES[side])) for side in wanted]) if wanted else None


async def _show_proposal(console: Console, somebody: SignedIn, text: str) -> Response:
    """For those who could approve a version. What is pasted is read and shown, and kept nowhere. Raises NotThere."""
    reader, ruling = console.reader(somebody), await console.ruling()
    if not _sides(somebody, ruling):
        raise NotThere
    # Apart from the loop: a long file takes seconds, in which every other page would wait.
    proposal = await asyncio.to_thread(read_proposal, text, ruling.roster)
    made, compared, signing, pending = proposal.agreement, None, None, await console.versions.pending()
    if made is not None:
        newest = ruling.newest
        before = await _text(console, newest.hash)
        compared = await _compare_files((newest.file, before), (made.file, text), newest.hash, reader)
        signing = await _signing(console, somebody, ruling, file=made.file, digest=made.hash, reader=reader)
    return console.pages.render(
        "proposal.html",
        reader,
        somebody,
        status=200 if made is not None else 422,
        proposal=proposal,
        digest=made.hash[:SHORT] if made is not None else "",
        title=made.file.title if made is not None else "",
        is_ruling=made is not None and made.hash == ruling.agreement.hash,
        sections=sections_of(made.file, reader) if made is not None else [],
        compared=compared,
        waiting=waiting_approvals([one for one in pending if made is not None and one.hash == made.hash], reader),
        signing=signing,
        once=secrets.token_hex(16),
        lead=None,
    )


async def _carry(console: Console, somebody: SignedIn, form: dict[str, str]) -> str | None:
    """What is in the way, in words; None where it is recorded, or will be in a moment. Raises NotThere, NowhereToPut, StoreUnavailable."""
    reader = console.reader(somebody)
    if not _sides(somebody, await console.ruling()):
        raise NotThere
    try:
        command = Approve.model_validate(
            {"command": "approve", "reason": form.get("reason", "").strip() or reader.say("on the page")}
            | {name: form.get(name, "") for name in ("hash", "side")}
        )
        key = form.get("once", "")[:_LONGEST_KEY] or None
        await carry(commanding_as(somebody, console.commanding), command, somebody.principal(), key)
    except ValidationError:
        return reader.say("Something is missing or too long: look at the form again.")
    except (Refused, SameKey) as refused:
        return refusal_text(refused, "approve", reader)
    for _ in range(_LOOKS):
        given = await console.versions.pending()
        if any((one.hash, one.side, one.person) == (command.hash, command.side, somebody.person) for one in given):
            break
        await asyncio.sleep(_REST)
    return None
