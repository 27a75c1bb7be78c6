"""`stafett doctor`: one line for each thing that was looked at, and what to do where something is wrong."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from services.cli.doctor.finding import Finding
    from services.settings import Settings

EPILOG = """\
Nothing is changed and nothing is sent: names are looked up, connections opened and closed. Run it as the user, on the machine and with the settings
of the processes. exit status: 0 nothing is wrong, 1 something is
"""
ROLE = "on Kafka, try the rights of this role instead of comparing the topics"


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    text = "Look at configuration, rights, store, log, machine and receivers; say each problem with its fix."
    parser = subparsers.add_parser("doctor", description=text, epilog=EPILOG)
    parser.add_argument("--role", metavar="ROLE", help=ROLE)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_config(parser)
    parser.set_defaults(func=_run)


def _run(args: argparse.Namespace) -> int:
    findings = asyncio.run(examine(settings_of(args), args.role))
    for finding in findings:
        print(json.dumps(finding._asdict()) if args.json else _line(finding))
    return int(any(finding.health == "wrong" for finding in findings))


async def examine(settings: Settings, role: str | None = None) -> list[Finding]:
    """Every finding, in the order in which an operator would look. `role`: whose rights on Kafka are tried."""
    from services.cli.doctor.certificates import examine_certificates
    from services.cli.doctor.files import examine_files, examine_rights
    from services.cli.doctor.log import examine_log
    from services.cli.doctor.machine import examine_machine
    from services.cli.doctor.outside import examine_outside
    from services.cli.doctor.sources import examine_sources
    from services.cli.doctor.store import examine_store

    findings = [*examine_files(settings), *examine_rights(settings), *examine_certificates(settings)]
    findings += examine_machine(settings)
    findings += [finding async for finding in examine_store(settings)]
    findings += [finding async for finding in examine_sources(settings)]
    findings += [finding async for finding in examine_log(settings, role)]
    return findings + [finding async for finding in examine_outside(settings)]


def _line(finding: Finding) -> str:
    fix = f"\n       {finding.fix}" if finding.fix else ""
    return f"{finding.health:5}  {finding.about}: {finding.text}{fix}"
