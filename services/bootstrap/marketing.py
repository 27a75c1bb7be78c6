"""The marketing sinks of the file, each with its platform, its secret and its allowance in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import assert_never

import httpx

from schemas.events import NurtureEntered, SuppressionStarted
from schemas.sinks.platforms import AnyMarketingSink
from schemas.yamlfile import FileError, problems_of
from services.bootstrap.http import sources_of
from services.bootstrap.listening import Run
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.bootstrap.sink_office import Checked, Shown, event_named, words_of
from services.bootstrap.sinks import client_for_sinks
from services.bootstrap.sinks_file import read_marketing_sinks
from services.observability import metrics
from services.settings import Settings
from services.sinks.calls import Caller
from services.sinks.http import Endpoint, HttpCaller, ShowingCaller
from services.sinks.limits import allowance_of
from services.sinks.memberships import MarketingTarget
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import MarketingSettings, all_audiences, marketing_problems
from services.sinks.platforms.registry import USUAL_OF_PLATFORMS, platform_of
from services.sinks.role import CALLS, SinkLoop
from services.sinks.showing import show_plan

_ECHO = "Mautic's webhooks tell our own do-not-contact like the person's, so it would count as their no and never end"


def marketing_sinks_of(settings: Settings) -> list[AnyMarketingSink]:
    """The marketing sinks of the file; none where there is no file. Raises FileError."""
    sinks = read_marketing_sinks(settings)
    if not sinks:
        return []
    path, text, sources = settings.path(settings.files.sinks), read_file(settings, "sinks"), sources_of(settings)
    names = ", ".join(sorted(sources)) or "none"
    broken: list[tuple[tuple[str | int, ...], str]] = [
        (("marketing", number, "source"), f"`{sink.source}` is no source of sources.yaml ({names})")
        for number, sink in enumerate(sinks)
        if sink.source is not None and sink.source not in sources
    ]
    theirs = sorted(name for name, configured in sources.items() if configured.source.kind == "mautic")
    broken += [
        (("marketing", number, "suppression", "hard"), f"{_ECHO} (source {', '.join(theirs)}); use a segment")
        for number, sink in enumerate(sinks)
        if theirs and sink.kind == "mautic" and sink.suppression is not None and sink.suppression.hard
    ]
    if broken:
        raise FileError(problems_of(str(path), text, broken))
    return sinks


class MarketingParts:
    """Makes targets: one client and one allowance for each sink."""

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        self._parts, self._client = parts, client
        self._sources = {name: c.source for name, c in sources_of(parts.settings).items()}

    def caller(self, sink: AnyMarketingSink) -> HttpCaller:
        """What calls this sink's platform."""
        endpoint = Endpoint(sink.base_url, sink.timeout_seconds, sink.allow_private)
        allowance = allowance_of(sink.limits, USUAL_OF_PLATFORMS[sink.kind])
        return HttpCaller(self._client, endpoint, allowance, self._parts.now)

    def target(self, sink: AnyMarketingSink) -> MarketingTarget:
        """The sink as its mode has it. Raises SettingsError."""
        match sink.mode:
            case "live":
                return self._target(sink, self.caller(sink), None)
            case "dry_run" | "check":
                return self.showing_target(sink, asks=sink.mode == "dry_run")
            case _:
                assert_never(sink.mode)

    def showing_target(self, sink: AnyMarketingSink, *, asks: bool) -> MarketingTarget:
        """The sink as one that changes nothing and only shows; `asks`: it looks up what is there. Raises SettingsError."""
        showing = ShowingCaller(self.caller(sink) if asks else None)
        return self._target(sink, showing, showing.take)

    def _target(self, sink: AnyMarketingSink, caller: Caller, shown: Callable[[], str] | None) -> MarketingTarget:
        (secret,) = secrets_of(self._parts.settings, (sink.secret,), f"sink {sink.name}")
        source = self._sources.get(sink.source or "")
        system = source.own_system if source is not None else sink.system
        settings = MarketingSettings(sink, system, source.account if source is not None else None)
        return MarketingTarget(settings, platform_of(sink, caller, secret), shown)


async def check_marketing_sink(parts: Parts, sink: AnyMarketingSink) -> Checked:
    """Asks the platform, and looks at the entry. Raises FileError, SettingsError, StoreUnavailable."""
    file = parts.ruling().agreement.file
    problems = list(marketing_problems(sink, file.brands, file.nurturing))
    marketing_sinks_of(parts.settings)
    user = None
    async with client_for_sinks() as client:
        made = MarketingParts(parts, client)
        platform = made.target(sink.model_copy(update={"mode": "live"})).platform
        try:
            user = await platform.whoami()
            problems += await platform.check(all_audiences(sink))
        except Trouble as trouble:
            problems.append(words_of(trouble))
    return Checked(user, problems)


async def plan_marketing_sink(parts: Parts, sink: AnyMarketingSink, name: str, *, offline: bool) -> Shown:
    """What would be changed because of an event, or of a lead's newest suppression or track. `offline`: nobody is asked. Raises NoSuch,
    FileError, SettingsError, StoreUnavailable."""
    event = await event_named(
        parts, name, (SuppressionStarted, NurtureEntered), "whose mail had to stop or that is nurtured"
    )
    async with client_for_sinks() as client:
        target = MarketingParts(parts, client).showing_target(sink, asks=not offline)
        steps, trouble = await show_plan(event, target, parts.sinks, parts.now)
    return Shown(event, steps, None if trouble is None else words_of(trouble))


def marketing_run(parts: Parts) -> Run | None:
    """What writes into all marketing sinks that are not in `check`; None where there is none. Raises FileError, SettingsError."""
    sinks = [sink for sink in marketing_sinks_of(parts.settings) if sink.mode != "check"]
    if not sinks or parts.settings.mode == "observe":
        return None

    async def run(stop: asyncio.Event) -> None:
        async with client_for_sinks() as client:
            made = MarketingParts(parts, client)
            async with asyncio.TaskGroup() as group:
                for sink in sinks:
                    loop = SinkLoop(
                        made.target(sink),
                        parts.deliveries,
                        parts.sinks,
                        parts.now,
                        bell=parts.delivery_bell,
                        on_outcome=metrics.count_sink_outcome,
                        traces=parts.traces,
                        on_step=parts.pulses.of(f"sink {sink.name}", timedelta(seconds=CALLS * sink.timeout_seconds)),
                    )
                    group.create_task(loop.run(stop))

    return run
