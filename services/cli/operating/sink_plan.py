"""`stafett sink check` and `stafett sink plan`: what is wrong, and what would be written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.sinks.file import EverySink
    from services.bootstrap.parts import Parts
    from services.bootstrap.sink_office import Shown
    from services.ports.sinks import SinkStep


async def check(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    """0 where nothing is wrong."""
    from schemas.sinks.marketing import MarketingSink
    from services.bootstrap.marketing import check_marketing_sink
    from services.bootstrap.sink_office import check_sink

    if isinstance(sink, MarketingSink):
        checked = await check_marketing_sink(parts, sink)
    else:
        checked = await check_sink(parts, sink)
    if checked.user is not None:
        print(f'we write as: user: "{checked.user}"')
    if checked.note is not None:
        print(f"who we write as is not known yet: {checked.note}")
    for problem in checked.problems:
        print(problem)
    if not checked.problems:
        print(f"{sink.name}: nothing is wrong")
    return 1 if checked.problems else 0


async def plan(parts: Parts, sink: EverySink, args: argparse.Namespace) -> int:
    """1 where the plan ends in trouble. A sink that calls nothing is not asked here either."""
    from schemas.sinks.marketing import MarketingSink
    from services.bootstrap.marketing import plan_marketing_sink
    from services.bootstrap.sink_office import plan_sink

    is_offline = args.offline or sink.mode == "check"
    if isinstance(sink, MarketingSink):
        shown = await plan_marketing_sink(parts, sink, args.event, offline=is_offline)
    else:
        shown = await plan_sink(parts, sink, args.event, offline=is_offline)
    when = None if isinstance(sink, MarketingSink) else sink.when
    print("\n".join(_lines(shown, is_offline, f"; the sink takes what is `{when}`" if when else "")))
    if shown.trouble is not None:
        print(f"the plan ends here: {shown.trouble}", file=sys.stderr)
    return 0 if shown.trouble is None else 1


def _lines(shown: Shown, is_offline: bool, why: str) -> Iterator[str]:
    yield f"{shown.event.type} {shown.event.id} of {shown.event.subject}"
    if is_offline:
        yield "nothing was asked: as if nothing were there that we do not know of"
    if not shown.steps and shown.trouble is None:
        yield f"nothing follows from it{why}"
    for step in shown.steps:
        yield ""
        yield f"{step.name}: {_outcome(step)}"
        if step.request:
            yield from (f"    {line}".rstrip() for line in step.request.splitlines())


def _outcome(step: SinkStep) -> str:
    """In words, of a step that was only shown."""
    match step.state:
        case "planned":
            return "would send"
        case "skipped" if step.outcome == "never_made_there":
            return "nothing yet, for what it is about is not there"
        case "skipped" if step.outcome == "nobody_there":
            return "nothing, for nobody is there with that id or address"
        case "skipped":
            return "nothing, for this vendor knows no such record"
        case "waiting" | "refused":
            return f"{step.outcome}: {step.code}" + (f" ({step.field})" if step.field else "")
        case "done" | "sending":
            return "nothing to send, it is so already" if step.outcome == "unchanged" else str(step.outcome)
