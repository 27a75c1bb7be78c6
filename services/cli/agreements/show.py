"""`stafett agreement show`: what was published and approved, and one version as it was signed, with its holidays."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from routing.agreement.agreement import Agreement
    from services.ports.rows import AgreementRow, ApprovalRow
    from services.rules.publications import Publication


def add(actions: Any) -> None:
    """Adds the action."""
    show = actions.add_parser("show", help="what was published, or one version with approvals and public holidays")
    show.add_argument("hash", nargs="?", help="the beginning of a version's hash")
    show.set_defaults(func=lambda args: asyncio.run(_show(args)))
    add_config(show)


async def _show(args: argparse.Namespace) -> int:
    from services.adapters.sql.agreements import Agreements
    from services.bootstrap.parts import parts_of, read_file
    from services.rules.approvals import pending
    from services.rules.publications import read

    async with parts_of(settings_of(args), exclusive=False) as parts:
        store = Agreements(parts.store.engines)
        known, approvals = read(await store.publications()), await store.approvals()
        if args.hash is None:
            _list(known, parts.now(), parts.ruling().agreement)
            print(
                "".join(f"  {a.hash[:12]}  not published  ({_approval_text(a)})\n" for a in pending(approvals, known)),
                end="",
            )
            return 0
        file = parts.ruling().agreement.hash
        hashes = {p.hash for p in known} | {a.hash for a in approvals} | ({file} if not known else set())
        named = sorted(digest for digest in hashes if digest.startswith(args.hash))
        if len(named) != 1:
            why = "is the beginning of several versions" if named else "no such version"
            print(f"{args.hash}: {why}; `stafett agreement show` lists them", file=sys.stderr)
            return 1
        row = (await store.rows(named)).get(named[0])
        body = read_file(parts.settings, "agreement") if row is None and named[0] == file else row.body if row else ""
        print(body, end="" if body.endswith("\n") or not body else "\n")
        print("\n".join(_notes(row, [a for a in approvals if a.hash == named[0]])))
        return 0


def _approval_text(approval: ApprovalRow) -> str:
    from routing.people.permissions import OPERATOR, page_principal

    by_key = f"with the key {approval.principal}"
    how = {OPERATOR: "typed by the operator", page_principal(approval.person): "on the page"}.get(
        approval.principal, by_key
    )
    return f"{approval.side}: {approval.person}, {how}, {approval.approved_at.isoformat()}: {approval.reason}"


def _notes(row: AgreementRow | None, approvals: list[ApprovalRow]) -> Iterator[str]:
    """As comments of the file, so that what is shown is still the file."""
    from routing.calendar.holidays import ResolvedHolidays, early_days
    from schemas.agreement import AgreementFile
    from schemas.yamlfile import load

    yield from (f"# approved for {_approval_text(approval)}" for approval in approvals)
    if row is None:
        yield "# not published"
        return
    resolved = ResolvedHolidays.model_validate_json(row.holidays)
    file = load(row.body, AgreementFile, "agreement.yaml")
    for calendar, days in resolved.days.items():
        yield f"# public holidays of {calendar}, {resolved.first} to {resolved.last}, as they were when it was published:"
        yield from (f"#   {day}  {name}" for day, name in days.items())
        if (eves := file.calendars[calendar].eves) is not None:
            yield f"# days of {calendar} that close at {eves.closes}:"
            early = early_days(file.calendars[calendar], days)
            yield from (f"#   {day}  the day before {name}" for day, name in early.items())


def _list(known: tuple[Publication, ...], now: datetime, file: Agreement) -> None:
    from services.rules.publications import standing

    if not known:
        print(f"{file.hash[:12]}  the configured file; nothing was published yet  {file.file.title}")
    current = [p for p in standing(known) if p.effective_from <= now]
    for entry in known:
        mark = "*" if current and entry is current[-1] else " "
        who = ", ".join(f"{side}: {person}" for side, person in entry.approvals.items()) or "the file before the first"
        gone = f"  withdrawn by {entry.withdrawn.person}: {entry.withdrawn.reason}" if entry.withdrawn else ""
        print(f"{mark} {entry.hash[:12]}  from {entry.effective_from.isoformat()}  {entry.title}  ({who}){gone}")
