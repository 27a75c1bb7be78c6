"""`stafett import leads.csv`: existing contacts with owners, stages and consents. Quiet: nobody is offered anything."""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of
from services.cli.support.numbers import whole_number

if TYPE_CHECKING:
    from services.bootstrap.parts import Parts
    from services.ingest.contacts.contacts import Contacts, Finding, Row

HELP = "Bring existing contacts with owners, stages and consents: no offer, no clock, no alarm."
EPILOG = """\
The file is CSV with a header, as spreadsheets save it: UTF-8, UTF-16 or Windows-1252; columns parted by commas,
semicolons or tabs. Case, blanks and dashes of names do not matter ("E-mail", "First Name"). Columns, all optional but
email, phone or an id:
  email, phone, first_name, last_name, full_name, campaign
  company, domain, industry, country, employees, region, city, postcode, language
  stage     prospecting, contact, qualification, hand_over, deal, nurturing
  track     of the stage nurturing: warm_up, recycle, growth (a customer; name the account manager as owner)
  disposition   active, spam, not_a_buyer, do_not_contact
  owner     a person of the roster, or their id in a system of an id: column
  since     when the stage began, with a zone: 2026-01-31T09:00:00+01:00 (default: now)
  tags      separated by ;
  consent:PURPOSE   given or withdrawn, yes or no          id:SYSTEM   the person's id in that system
  deal:SYSTEM       ids of their deals there, separated by ;
                    id:SYSTEM@ACCOUNT, deal:SYSTEM@ACCOUNT where you have several accounts of it

Try it with --dry-run --report findings.csv first. If it is stopped, say the same again: it goes on where it was, and a
row that was sent twice is one signal all the same. The router carries the rows out, `stafett up` need not stand still.
exit status: 0 all rows sent (or fit to be), 3 some rows are skipped, 2 nothing was done
"""
CHUNK = 500


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser(
        "import", help=HELP, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument("--dry-run", action="store_true", help="read and judge every row, send none")
    parser.add_argument("--report", type=Path, help="write what was found wrong here, as CSV without the values")
    parser.add_argument("--name", default="day-one", help="the same row under another name is another fact")
    parser.add_argument("--brand", default="default")
    parser.add_argument("--region", help="country of phone numbers without one, for example SE")
    parser.add_argument(
        "--rate", type=whole_number, default=2000, help="rows a second, 0: no limit; live signals share the log"
    )
    parser.add_argument("--progress", type=Path, help="where the place is kept (default: FILE.csv.progress)")
    add_config(parser)
    parser.set_defaults(func=lambda args: asyncio.run(_run(args)))


class Tally:
    """What the rows came to, and what was found wrong."""

    def __init__(self) -> None:
        self.rows = self.skipped = 0
        self.stages: Counter[str] = Counter()
        self.wrong: Counter[tuple[str, str]] = Counter()
        self.findings: list[Finding] = []

    def count(self, row: Row) -> None:
        self.rows += 1
        self.skipped += row.parsed is None
        if row.parsed is not None and row.parsed.sales is not None:
            self.stages[row.parsed.sales.to or "as it comes"] += 1
        for finding in row.findings:
            self.wrong[(finding.column, finding.text.partition(" of line ")[0])] += 1
            self.findings.append(finding)

    def summary(self) -> str:
        """For people: counts, never values."""
        lines = [f"{self.rows} rows, {self.rows - self.skipped} to import, {self.skipped} skipped"]
        lines += [f"  {count:>8}  {stage}" for stage, count in sorted(self.stages.items())]
        lines += [f"  {count:>8}  {column or 'row'} {said}" for (column, said), count in sorted(self.wrong.items())]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "column", "finding", "skipped"))
            writer.writerows(self.findings)


async def _run(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of, read_ruling
    from services.cli.support.files import read_sources
    from services.ingest.contacts.contacts import Contacts
    from services.ingest.contacts.spreadsheets import NoTable, dialect_of

    settings = settings_of(args)
    roster, file = (found := read_ruling(settings)).roster, found.agreement.file
    if args.brand not in file.brands:
        print(f"brand `{args.brand}` is not among the agreement's `brands`; nothing was imported", file=sys.stderr)
        return 2
    known = {*roster.people, *(ident for member in roster.file.people for ident in member.ids.values())}
    sources = read_sources(settings.path(settings.files.sources))[0]
    contacts = Contacts(
        name=args.name,
        knows=known.__contains__,
        region=args.region,
        accounts=sources.accounts(args.brand),
        now=datetime.now(UTC),
    )
    try:
        dialect = dialect_of(args.file)
        digest, tally = _count_rows(args.file, dialect.encoding, contacts)
    except (NoTable, OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) else error if isinstance(error, NoTable) else "is damaged"
        print(f"{args.file}: {said}; nothing was imported", file=sys.stderr)
        return 2
    print(f"read as {dialect.description()}")
    print(tally.summary())
    if args.report:
        tally.write(args.report)
    if not args.dry_run:
        async with parts_of(settings, exclusive=False) as parts:
            await _send(
                args,
                parts,
                contacts=contacts,
                encoding=dialect.encoding,
                tally=tally,
                what=f"{digest}:{args.name}:{args.brand}",
            )
    return 3 if tally.skipped else 0


def _count_rows(path: Path, encoding: str, contacts: Contacts) -> tuple[str, Tally]:
    """Every row is looked at before the first is sent."""
    from services.ingest.contacts.spreadsheets import open_table

    tally = Tally()
    with path.open("rb") as raw:
        digest = hashlib.file_digest(raw, "sha256").hexdigest()
    with open_table(path, encoding) as file:
        for row in contacts.rows(file):
            tally.count(row)
    return digest, tally


async def _send(
    args: argparse.Namespace, parts: Parts, contacts: Contacts, encoding: str, tally: Tally, what: str
) -> None:
    """Chunk by chunk; the place is kept after a chunk is durable, so a stop repeats one chunk at most."""
    from schemas.sources import Scheme, Source
    from services.cli.support.files import read_sources
    from services.ingest.accepting.intake import Intake
    from services.ingest.contacts.spreadsheets import open_table
    from services.ingest.normalising.normalise import to_signal

    place = args.progress or args.file.with_name(f"{args.file.name}.progress")
    done = _place(place, what)
    free = read_sources(parts.settings.path(parts.settings.files.sources))[0].free_mail
    source = Source(
        name="import", kind="import", brand=args.brand, verify=Scheme(scheme="none"), region=args.region, free_mail=free
    )
    intake = Intake(parts.log, parts.store, parts.settings.topic("signals"), parts.settings.spool_limit)
    begun, first, sent = time.monotonic(), done, 0
    with open_table(args.file, encoding) as file:
        rows = contacts.rows(file)
        for chunk in _chunks(islice(rows, done, None)):
            now = parts.now()
            sendable = [row.parsed for row in chunk if row.parsed is not None]
            signals = [to_signal(parsed, source, now, parts.key, proof="signed") for parsed in sendable]
            taken = await intake.take(signals)
            if taken.large:
                print(f"\n{len(taken.large)} rows up to row {done + len(chunk)} are too large to send", file=sys.stderr)
            done, sent = done + len(chunk), sent + len(sendable) - len(taken.large)
            _keep(place, what, done)
            _show(done, tally.rows)
            if args.rate:
                await asyncio.sleep(max(0.0, (done - first) / args.rate - (time.monotonic() - begun)))
    seconds = time.monotonic() - begun
    before = f"; the first {first} rows were done before" if first else ""
    print(f"\n{sent} {'row' if sent == 1 else 'rows'} sent in {seconds:.1f} s{before}")


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _place(path: Path, what: str) -> int:
    """How many rows of this very file were sent already."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        return int(kept["rows"]) if kept["what"] == what else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _keep(path: Path, what: str, rows: int) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps({"what": what, "rows": rows}), "utf-8")
    fresh.replace(path)


def _show(done: int, total: int) -> None:
    filled = 30 * done // max(total, 1)
    line = f"[{'#' * filled}{'.' * (30 - filled)}] {done}/{total}"
    print(f"\r{line}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n", flush=True)
