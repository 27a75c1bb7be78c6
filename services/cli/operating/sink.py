"""`stafett sink ...`: CRMs that hand-overs are written into, platforms that stop and nurture: checked, shown, tried again, corrected, paused."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from schemas.sinks.base import KEPT_KINDS, RECORD_KINDS
from services.cli.operating.sink_plan import check, plan
from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from schemas.sinks.file import EverySink
    from services.bootstrap.parts import Parts

EPILOG = """\
examples:
  stafett sink check crm                     what is wrong with its entry, the roster and the CRM, all at once
  stafett sink plan crm lead_...             the requests of the lead's newest offer, none of which is sent
  stafett sink steps crm --refused           what somebody has to end, and why
  stafett sink retry crm lead_...            once it is ended: the lead's events go on
  stafett sink adopt crm opportunity ho_... 4711 --lead lead_...   that record there is the hand-over's
  stafett sink pause crm                     nothing is written; the place in the feed is kept

docs/sinks.md says what each trouble means and who has to do what.
"""
PAGE = 500
MOST = 10_000
Act = Callable[["Parts", "EverySink", argparse.Namespace], Awaitable[int]]


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("sink", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list", help="one JSON line each: how far it is, how many events wait, why it is paused"
    )
    listing.set_defaults(func=lambda args: asyncio.run(_list(args)))
    add_config(listing)
    _add(actions, "check", check, "print what is wrong, and the id that we write as; exit status 1 where anything is")
    planning = _add(
        actions, "plan", plan, "print the requests of an event without sending one; personal data is in them"
    )
    planning.add_argument(
        "event", metavar="EVENT|LEAD", help="an event's id, or a lead's, of which the newest offer is taken"
    )
    planning.add_argument("--offline", action="store_true", help="do not even look up what is there")
    records = _add(actions, "records", _records, "which record there is which of ours, one JSON line each")
    records.add_argument("--lead", help="only of this lead")
    steps = _add(actions, "steps", _steps, "what was done, newest first, one JSON line each")
    steps.add_argument("--lead", help="only of this lead")
    steps.add_argument("--refused", action="store_true", help="only what somebody has to end")
    steps.add_argument(
        "--requests", action="store_true", help="with what a dry run would have sent; personal data is in it"
    )
    retry = _add(actions, "retry", _retry, "try now what waits, of one lead or of all")
    retry.add_argument("lead", nargs="?", metavar="LEAD")
    replay = _add(actions, "replay", _replay, "carry an event out again from its first step")
    replay.add_argument("event", metavar="EVENT")
    _add_corrections(actions)
    _add(actions, "pause", _pause, "write nothing until it is resumed; the place in the feed is kept")
    _add(actions, "resume", _resume, "write again, in each lead's order, what came meanwhile")


def _add_corrections(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    adopt = _add(actions, "adopt", _adopt, "say that a record there is ours under a key of ours")
    forget = _add(
        actions, "forget", _forget, "know nothing of a record any more: the next event looks for it, or makes it"
    )
    for action, kinds in ((adopt, RECORD_KINDS), (forget, KEPT_KINDS)):
        action.add_argument("record_kind", metavar="KIND", choices=kinds, help=", ".join(kinds))
        action.add_argument("key", metavar="KEY", help="our key, as `records` has it")
    adopt.add_argument("vendor_id", metavar="ID", help="the id there")
    adopt.add_argument("--lead", required=True, help="the lead that it is of")
    adopt.add_argument("--offline", action="store_true", help="do not look whether it is there")


def _add(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, act: Act, text: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    parser.add_argument("name", metavar="NAME", help="the sink's name in sinks.yaml")
    add_config(parser)
    parser.set_defaults(func=lambda args: asyncio.run(_with_sink(args, act)))
    return parser


async def _with_sink(args: argparse.Namespace, act: Act) -> int:
    from services.bootstrap.parts import parts_of
    from services.bootstrap.sink_office import NoSuch, sink_named

    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            return await act(parts, sink_named(parts.settings, args.name), args)
        except NoSuch as missing:
            print(missing, file=sys.stderr)
            return 1


async def _list(args: argparse.Namespace) -> int:
    from services.api.sinks import sink_views
    from services.bootstrap.parts import parts_of
    from services.bootstrap.sinks_file import read_every_sink

    async with parts_of(settings_of(args), exclusive=False) as parts:
        sinks = read_every_sink(parts.settings)
        if not sinks:
            print(f"there is no sink in {parts.settings.path(parts.settings.files.sinks)}", file=sys.stderr)
        for view in sink_views(sinks, await parts.deliveries.states()):
            _print(view)
    return 0


async def _records(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    from services.api.sinks import cursor_of, record_view

    count, after = 0, ""
    while count < MOST:
        rows = await parts.sinks.list_records(sink.target, lead_id=args.lead, after=after, limit=PAGE)
        for row in rows:
            _print(record_view(row))
        count += len(rows)
        if len(rows) < PAGE:
            break
        after = cursor_of(rows[-1])
    if not count:
        print(f"{sink.name} has made or found no such record", file=sys.stderr)
    return 0


async def _steps(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    from services.api.sinks import step_view

    rows = await parts.sinks.list_steps(sink.target, lead_id=args.lead, refused=args.refused, limit=MOST)
    if not rows:
        print(
            "nothing has to be ended" if args.refused else f"{sink.name} has done nothing of this yet", file=sys.stderr
        )
    for row in rows:
        _print(step_view(row, whole=args.requests))
    return 0


async def _retry(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    count = await parts.sinks.retry(sink.target, parts.now(), args.lead)
    print(f"{count} events are tried now" if count != 1 else "1 event is tried now")
    await _tell_of_pause(parts, sink)
    return 0


async def _replay(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    if not await parts.sinks.replay(sink.target, args.event, parts.now()):
        print(f"{sink.name} never got the event {args.event}", file=sys.stderr)
        return 1
    print(f"{args.event} is carried out again from its first step")
    await _tell_of_pause(parts, sink)
    return 0


async def _adopt(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    from schemas.sinks.marketing import MarketingSink
    from services.bootstrap.sink_office import adopt_record

    if isinstance(sink, MarketingSink):
        print(f"{sink.name} is a marketing platform: it finds contacts itself, and adopts nothing", file=sys.stderr)
        return 1
    record = await adopt_record(
        parts,
        sink,
        args.record_kind,
        key=args.key,
        vendor_id=args.vendor_id,
        lead_id=args.lead,
        offline=args.offline,
    )
    print(f"{record.kind} {record.vendor_id} there is {record.key} from now on")
    return 0


async def _forget(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    if not await parts.sinks.forget(sink.target, args.record_kind, args.key):
        print(
            f"{sink.name} knows no {args.record_kind} {args.key}; see: stafett sink records {sink.name}",
            file=sys.stderr,
        )
        return 1
    print(f"{args.record_kind} {args.key} is forgotten; the next event looks for it")
    return 0


async def _pause(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    return await _set(parts, sink, "by an operator")


async def _resume(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    return await _set(parts, sink, None)


async def _set(parts: Parts, sink: EverySink, reason: str | None) -> int:
    if not await parts.deliveries.disable(sink.target, reason):
        print(f"{sink.name} never ran: start `stafett delivery` or `stafett up` with it", file=sys.stderr)
        return 1
    print(f"{sink.name}: {'resumed' if reason is None else 'paused'}")
    return 0


async def _tell_of_pause(parts: Parts, sink: EverySink) -> None:
    """Who tries again what cannot go has to know why."""
    states = await parts.deliveries.states()
    why = next((state.disabled for state in states if state.subscription == sink.target), None)
    if why is not None:
        print(f"but {sink.name} is paused ({why}); see: stafett sink resume {sink.name}", file=sys.stderr)


def _print(view: BaseModel) -> None:
    print(view.model_dump_json())
