"""`stafett agreement publish`: a version rules from an instant, once both sides approved it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.instants import read_instant
from services.cli.agreements.preview import preview
from services.cli.support.environment import add_config, settings_of
from services.cli.support.files import read_agreement

if TYPE_CHECKING:
    from routing.agreement.agreement import Agreement
    from schemas.words import Side
    from services.bootstrap.parts import Parts
    from services.ports.rows import AgreementRow, ApprovalRow
    from services.rules.publications import Publication

SOON = timedelta(seconds=30)
PUBLISH = """\
examples:
  stafett agreement publish agreement.yaml --config mine
  stafett agreement publish agreement.yaml --config mine --effective-from 2027-01-01T00:00:00+01:00
  stafett agreement publish agreement.yaml --config mine --apply-to-open        which clocks would move
  stafett agreement publish agreement.yaml --config mine --apply-to-open --yes  ... and do it
  stafett agreement publish agreement.yaml --config mine --approve marketing=lena@3f2a91c07be4 --approve sales=maja@3f2a91c07be4

Each side approves the very same file by itself before: stafett agreement approve. For the first publication only, the
operator may type what both sides said, with the hash that `stafett agreement check` prints; that is recorded as typed.

Signals received from then on are decided under it; nothing is restarted. Open clocks keep the agreement they started under,
unless --apply-to-open: that shows first what would move, and with --yes waits until it has taken effect and moves them. If
that is interrupted, give the same command again.

exit status: 0 done, or shown; 1 refused, with the reasons
"""


def add(actions: Any) -> None:
    """Adds the action."""
    publish = actions.add_parser(
        "publish",
        help="let a version rule from an instant, once both sides approved it",
        epilog=PUBLISH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    publish.add_argument("file", type=Path)
    publish.add_argument(
        "--approve", action="append", default=[], metavar="SIDE=PERSON@HASH", help="only the first time"
    )
    publish.add_argument("--effective-from", help="ISO 8601 with a zone (default: in 30 s)")
    publish.add_argument("--apply-to-open", action="store_true", help="move open clocks too; shows them first")
    publish.add_argument("--yes", action="store_true", help="with --apply-to-open: do it")
    publish.set_defaults(func=lambda args: asyncio.run(_publish(args)))
    add_config(publish)


async def _publish(args: argparse.Namespace) -> int:
    from schemas.yamlfile import FileError
    from services.bootstrap.parts import parts_of

    try:
        agreement, text = read_agreement(args.file)
        typed = dict(_approval(said) for said in args.approve)
        async with parts_of(settings_of(args), exclusive=False) as parts:
            effective = read_instant(args.effective_from) if args.effective_from else parts.now() + SOON
            return await _do(args, parts, Asked(agreement, text, typed, effective))
    except FileError as error:
        print("\n".join(error.problems), file=sys.stderr)
    except ValueError as error:
        print(error, file=sys.stderr)
    return 1


class Asked(NamedTuple):
    """What is to be published; `typed` are (person, hash that they approved) by side."""

    agreement: Agreement
    text: str
    typed: dict[Side, tuple[str, str]]
    effective_from: datetime


async def _do(args: argparse.Namespace, parts: Parts, asked: Asked) -> int:
    from routing.stages.waking import stages_of
    from services.adapters.sql.agreements import Agreements
    from services.rules.publications import again, agreement_row, compile_row, read

    store, now, digest = Agreements(parts.store.engines), parts.now(), asked.agreement.hash
    before = await store.publications()
    known, row = read(before), (await store.rows([digest])).get(digest)
    latest = again(known, digest, now, asked.effective_from if args.effective_from else None)
    if latest is not None and args.effective_from and asked.effective_from != latest.effective_from:
        print(_elsewhen(latest, now), file=sys.stderr)
        return 1
    row = row or agreement_row(asked.agreement, asked.text, now, asked.effective_from)
    approvals = [] if latest is not None else await _find_approvals(args, parts, asked=asked, known=known, now=now)
    if latest is None and not approvals:
        return 1
    if args.apply_to_open and not args.yes:
        await preview(parts, compile_row(digest, row))
        return 0
    if latest is None:
        latest = await _store(parts, asked, row=row, before=before, approvals=approvals, now=now)
        if latest is None:
            print("somebody else published meanwhile; look at it and try again", file=sys.stderr)
            return 1
    print(f"published {latest.hash[:12]}, in force from {latest.effective_from.isoformat()}")
    if args.apply_to_open:
        return await _apply(parts, latest)
    if stages := stages_of(asked.agreement):
        where = ", ".join(stages)
        print(
            f"time alone moves leads in {where}: once it rules, `stafett sla recheck NAME` asks those that are there already"
        )
    return 0


def _elsewhen(latest: Publication, now: datetime) -> str:
    from services.rules.publications import can_be_withdrawn

    said = f"{latest.hash[:12]} is published already, in force from {latest.effective_from.isoformat()}"
    return said + (f"; `stafett agreement withdraw {latest.hash[:12]}` first" if can_be_withdrawn(latest, now) else "")


async def _find_approvals(
    args: argparse.Namespace, parts: Parts, asked: Asked, known: tuple[Publication, ...], now: datetime
) -> list[ApprovalRow]:
    """The approvals that carry it; none, with the reasons told, where it cannot be published."""
    from routing.agreement.agreement import check_against
    from services.adapters.sql.agreements import Agreements
    from services.bootstrap.commands import ruling_now
    from services.bootstrap.http import brand_problems
    from services.rules.approvals import (
        approvals_of_entitled,
        counting,
        missing,
        named_by,
        typed_approvals,
        wrongly_typed,
    )
    from services.rules.publications import objections

    agreement, ruling = asked.agreement, await ruling_now(parts)
    roster, named = ruling.roster, named_by(ruling, agreement)
    refused = check_against(agreement, roster, asked.text, str(args.file))
    refused += brand_problems(parts.settings, agreement.file.brands)
    refused += objections(asked.effective_from, now, known)
    refused += wrongly_typed(asked.typed, agreement.hash, roster=roster, before=known, named=named)
    approvals = approvals_of_entitled(
        counting(await Agreements(parts.store.engines).approvals(), agreement.hash, known), named
    )
    approvals += typed_approvals(asked.typed, agreement.hash, now)
    refused += missing(approvals, agreement.hash, named)
    print("\n".join(refused), file=sys.stderr, end="\n" if refused else "")
    return [] if refused else approvals


async def _store(
    parts: Parts, asked: Asked, row: AgreementRow, before: str | None, approvals: list[ApprovalRow], now: datetime
) -> Publication | None:
    """Before the first publication stands what ruled until then, from the beginning. None where somebody published meanwhile."""
    from routing.people.permissions import OPERATOR
    from services.adapters.sql.agreements import Agreements
    from services.bootstrap.parts import read_file
    from services.rules.approvals import signatures
    from services.rules.publications import BEGINNING, Publication, agreement_row, read, write

    agreement, known, files = asked.agreement, read(before), {asked.agreement.hash: row}
    if not known:
        file = parts.ruling().agreement
        known = (Publication(hash=file.hash, title=file.file.title, effective_from=BEGINNING, published_at=now),)
        files.setdefault(file.hash, agreement_row(file, read_file(parts.settings, "agreement"), now, now))
    latest = Publication(
        hash=agreement.hash,
        title=agreement.file.title,
        effective_from=asked.effective_from,
        published_at=now,
        approvals=signatures(approvals),
    )
    typed = [approval for approval in approvals if approval.principal == OPERATOR]
    stored = await Agreements(parts.store.engines).publish(
        before, write((*known, latest)), files=files, now=now, typed=typed
    )
    return latest if stored else None


async def _apply(parts: Parts, latest: Publication) -> int:
    """Once it has taken effect, unless it was withdrawn meanwhile."""
    from routing.stages.waking import stages_of
    from services.adapters.sql.agreements import Agreements
    from services.bootstrap.commands import ruling_now
    from services.rules.publications import read
    from services.sla.recheck import ask

    while (wait := (latest.effective_from - parts.now()).total_seconds()) >= 0:
        print(f"open clocks move when it takes effect, in {wait:.0f} s", file=sys.stderr)
        await asyncio.sleep(min(60.0, wait + 0.1))
    if latest not in read(await Agreements(parts.store.engines).publications()):
        print("it was withdrawn meanwhile; no clock moves", file=sys.stderr)
        return 1
    # A version may be published again after another one: each publication asks again.
    key = f"publish:{latest.hash}:{latest.effective_from.isoformat()}"
    stages = stages_of((await ruling_now(parts)).agreement)
    topic = parts.settings.topic("signals")
    count = await ask(parts.reading, parts.log, topic, parts.now(), adopt=True, key=key, stages=stages)
    print(f"{count} leads with open clocks were asked to go under it")
    return 0


def _approval(said: str) -> tuple[Side, tuple[str, str]]:
    from routing.people.permissions import SIDES

    named, _, rest = said.partition("=")
    person, _, digest = rest.partition("@")
    side = next((known for known in SIDES if known == named), None)
    if side is None or not person or not digest:
        raise ValueError(f"{said}: write an approval as marketing=PERSON@HASH or sales=PERSON@HASH")
    return side, (person, digest)
