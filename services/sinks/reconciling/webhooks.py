"""The vendor's own list of webhooks, compared with what our source needs: whether they come to us, are switched on, and tell enough.

A look is claimed in the store, so that of several processes one asks. On kill -9 what the last look found stands, and the next one is
an hour later.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, runtime_checkable
from urllib.parse import urlsplit

from services.loops.watching import watch
from services.ports.sinks import SinkSweeps
from services.sinks.outcomes import Trouble

log = logging.getLogger("stafett.reconcile")
EVERY = timedelta(hours=1)
LOOK = timedelta(minutes=1)
"""How often it is asked whether a look is due."""
ALL = "*"


class Webhook(NamedTuple):
    """One of the vendor's list. `url` may hold a secret, so it is shown to nobody. `tells` are pairs of object and action, `*` for all of
    them. `refused` is the status of its last delivery where that was no success."""

    url: str
    tells: frozenset[tuple[str, str]]
    is_active: bool = True
    refused: int | None = None


@runtime_checkable
class WebhookLister(Protocol):
    """A vendor's file that can ask for the webhooks that are set up there. `needed` are the pairs that our source cannot do without."""

    needed: frozenset[tuple[str, str]]

    async def webhooks(self) -> list[Webhook]:
        """All of them, wherever they go. Raises Trouble."""


class Hook(NamedTuple):
    """Where webhooks of our source come in: its path, and what the outside calls us; None where nobody said."""

    path: str
    public_url: str | None

    def __str__(self) -> str:
        return f"{(self.public_url or '').rstrip('/')}{self.path}"

    def is_at(self, url: str) -> bool:
        """Whether that URL comes in here; scheme, port and query are the vendor's business."""
        try:
            theirs, ours = urlsplit(url), urlsplit(str(self))
        except ValueError:
            return False
        path = theirs.path.rstrip("/")
        if self.public_url is None:
            return path.endswith(ours.path)
        return (theirs.hostname, path) == (ours.hostname, ours.path)


def webhook_problems(webhooks: Sequence[Webhook], needed: Collection[tuple[str, str]], hook: Hook) -> list[str]:
    """A line for each, without a word of the vendor's. Pure."""
    return list(_problems([one for one in webhooks if hook.is_at(one.url)], needed, hook))


def _problems(ours: Sequence[Webhook], needed: Collection[tuple[str, str]], hook: Hook) -> Iterator[str]:
    if not ours:
        yield f"webhooks: none there goes to {hook}, so what sales does is not told by webhooks; set one up"
        return
    active = [one for one in ours if one.is_active]
    if not active:
        yield f"webhooks: what goes to {hook} is switched off there; switch it on"
        return
    told = {pair for one in active for pair in one.tells}
    missing = sorted(f"{name} {action}" for name, action in needed if not _is_told(name, action, told))
    if missing:
        yield f"webhooks: none that goes to {hook} tells of {', '.join(missing)}"
    for status in sorted({one.refused for one in active if one.refused is not None}):
        yield f"webhooks: what was sent last to {hook} was answered {status}, as the vendor says"


def _is_told(name: str, action: str, told: Collection[tuple[str, str]]) -> bool:
    return bool({(name, action), (name, ALL), (ALL, action), (ALL, ALL)} & set(told))


class WebhookWatch:
    """Asks one sink's vendor now and then, and keeps what is wrong where everybody can read it."""

    def __init__(
        self, target: str, vendor: WebhookLister, hook: Hook, *, sweeps: SinkSweeps, now: Callable[[], datetime]
    ) -> None:
        self._target, self._vendor, self._hook, self._sweeps, self._now = target, vendor, hook, sweeps, now

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await watch(self.look, LOOK, stop, log)

    async def look(self) -> None:
        """Where it is due. Trouble at the vendor leaves what was found last. Raises StoreUnavailable."""
        now = self._now()
        if await self._sweeps.claim_sweep(self._target, "webhooks", now, now + EVERY) is None:
            return
        try:
            webhooks = await self._vendor.webhooks()
        except Trouble as trouble:
            shown = {"sink": self._target, "outcome": trouble.kind, "code": trouble.code}
            log.warning("cannot ask for webhooks", extra=shown)
            return
        problems = webhook_problems(webhooks, self._vendor.needed, self._hook)
        for problem in problems:
            log.warning("webhooks are not as they should be", extra={"sink": self._target, "problems": problem})
        await self._sweeps.finish_sweep(self._target, "webhooks", json.dumps(problems), [])


async def ask_for_problems(vendor: WebhookLister, hook: Hook) -> list[str]:
    """What is wrong now, for somebody who sets it up. What may not be asked is a problem too."""
    try:
        return webhook_problems(await vendor.webhooks(), vendor.needed, hook)
    except Trouble as trouble:
        return [f"webhooks cannot be asked for ({trouble.code}); look at the list there whether they come to {hook}"]
