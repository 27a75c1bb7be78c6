"""`stafett sla due`: when a promise falls due, and every interval counted or skipped on the way."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.instants import read_instant
from schemas.json_values import JsonObject
from services.cli import up
from services.cli.support.environment import add_config, settings_of
from services.cli.support.files import read_agreement, read_roster

if TYPE_CHECKING:
    from routing.agreement.agreement import Agreement
    from routing.calendar.business_time import BusinessCalendar
    from schemas.sla import Policy

HELP = "Compute when a promise falls due, with each interval counted or skipped."
EPILOG = """\
examples:
  stafett sla due --agreement agreement.yaml --policy lead-waits --start 2026-06-05T16:00:00+02:00
  stafett sla due --agreement agreement.yaml --policy follow-up --start 2026-06-05T16:00:00Z \\
      --pause 2026-06-05T17:00:00Z/2026-06-05T18:30:00Z
  stafett sla due --agreement agreement.yaml --policy follow-up --start 2026-06-05T16:00:00Z \\
      --roster roster.yaml --person elin            of a policy with `calendar: owner`
  stafett sla due --vectors business_time.json      one JSON line for each case: {"id", "due_at"}

Instants are ISO 8601 with a zone. A pause is half-open, FROM/TO. Output is JSON.
Whole business days are due at a close, `plain_due_at`; pauses move that by the open time that they take.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("sla", help="Compute when a promise is due; look at open ones again.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    due = actions.add_parser("due", help=HELP, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    due.add_argument("--agreement", type=Path, metavar="FILE", help="the agreement's file")
    due.add_argument("--policy", help="name of one of the agreement's SLA policies")
    due.add_argument(
        "--start", metavar="INSTANT", help="when the clock started, with its zone: 2026-06-05T16:00:00+02:00"
    )
    due.add_argument(
        "--pause", action="append", default=[], metavar="FROM/TO", help="it stood still then; may be said again"
    )
    due.add_argument(
        "--roster", type=Path, metavar="FILE", help="the roster's file, for a promise in its owner's hours"
    )
    due.add_argument("--person", help="whose hours of the roster count then; left out, or without hours: `otherwise`")
    due.add_argument("--vectors", type=Path, metavar="FILE", help="a file of calendars and cases instead")
    due.set_defaults(func=run)
    watch = actions.add_parser("watch", help="run the role that announces what falls due, as a process of its own")
    add_config(watch)
    watch.set_defaults(func=up.run, roles=("sla",), migrate=False)
    again = actions.add_parser(
        "recheck", help="Compute open clocks again after holidays, absences or policies changed."
    )
    again.add_argument("key", help="names the change; the same name again asks nothing twice")
    again.add_argument("--adopt", action="store_true", help="also put open clocks under the agreement in force")
    add_config(again)
    again.set_defaults(func=lambda args: asyncio.run(_recheck(args)))


def run(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 where something given is wrong."""
    from routing.model.errors import RoutingError

    try:
        if args.vectors:
            from services.cli.vectors import computed_vectors

            for ident, due in computed_vectors(args.vectors):
                print(json.dumps({"id": ident, "due_at": _say(due)}))
            return 0
        if not (args.agreement and args.policy and args.start):
            raise ValueError("say --agreement, --policy and --start, or --vectors")
        print(json.dumps(_due(args), indent=2))
        return 0
    except (ValueError, RoutingError) as error:
        print(error, file=sys.stderr)
        return 2


async def _recheck(args: argparse.Namespace) -> int:
    """Asks the router by signals, so that it happens in each lead's own order; differences are `sla.corrected`."""
    from routing.stages.waking import stages_of
    from services.bootstrap.commands import ruling_now
    from services.bootstrap.parts import parts_of
    from services.sla.recheck import ask

    async with parts_of(settings_of(args), exclusive=False) as parts:
        topic = parts.settings.topic("signals")
        stages = stages_of((await ruling_now(parts)).agreement)
        count = await ask(parts.reading, parts.log, topic, parts.now(), adopt=args.adopt, key=args.key, stages=stages)
    print(f"asked for {count} leads; what changes is told as stafett.sla.corrected.v1")
    return 0


def _due(args: argparse.Namespace) -> JsonObject:
    from routing.calendar.business_time import due_at, plain_due
    from routing.calendar.intervals import explain

    agreement, _ = read_agreement(args.agreement)
    policies = {name: policy.file for name, policy in agreement.policies.by_name.items()}
    if args.policy not in policies:
        raise ValueError(f"there is no policy {args.policy}; the agreement has {', '.join(policies) or 'none'}")
    policy = policies[args.policy]
    start, pauses = read_instant(args.start), tuple(_pause(text) for text in args.pause)
    calendar = _calendar(agreement, policy, args)
    spans = explain(start, policy.target, calendar, pauses)
    due = {"due_at": _say(due_at(start, policy.target, calendar, pauses))}
    if calendar is not None and policy.target.kind == "business_days":
        due["plain_due_at"] = _say(plain_due(calendar, start, policy.target.days))
    return {
        "policy": policy.name,
        "target": str(policy.target),
        "start": _say(start),
        **due,
        "counted_seconds": sum(span.seconds for span in spans if span.counted),
        "intervals": [
            {
                "from": _say(span.start),
                "to": _say(span.end),
                "counted": span.counted,
                "cause": span.cause,
                "seconds": span.seconds,
            }
            for span in spans
        ],
    }


def _calendar(agreement: Agreement, policy: Policy, args: argparse.Namespace) -> BusinessCalendar | None:
    """What the promise's time counts in. Raises ValueError, FileError."""
    from routing.calendar.hours import compiled_hours

    otherwise = policy.organisation_calendar(agreement.calendars)
    if (args.roster is None) != (args.person is None):
        raise ValueError("`--roster` and `--person` go together")
    if args.person is None:
        return agreement.calendar(otherwise or policy.calendar)
    if otherwise is None:
        raise ValueError(f"{policy.name} counts in nobody's own hours; leave out `--roster` and `--person`")
    roster = read_roster(args.roster)
    if args.person not in roster.people:
        raise ValueError(f"{args.person} is not in the roster; it has {', '.join(sorted(roster.people))}")
    hours = roster.hours_of(args.person)
    return compiled_hours(hours) if hours is not None else agreement.calendar(otherwise)


def _pause(text: str) -> tuple[datetime, datetime]:
    start, slash, end = text.partition("/")
    if not slash:
        raise ValueError(f"{text} is no pause; write it as FROM/TO")
    pause = read_instant(start), read_instant(end)
    if pause[1] < pause[0]:
        raise ValueError(f"the pause {text} ends before it begins; write the earlier instant first")
    return pause


def _say(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
