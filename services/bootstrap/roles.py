"""The roles that decide, publish and watch, from the parts: for processes that run them, and for who carries them step by step."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta
from typing import NamedTuple

from routing.people.roster import Roster
from services.bootstrap import metering
from services.bootstrap.commands import versions_of
from services.bootstrap.parts import Parts
from services.bootstrap.sealing import person_keys_of
from services.bootstrap.tracing import trace_batches, trace_clocks, trace_events
from services.ports.rows import LeadRow
from services.relay.role import Relay
from services.router.role import Router
from services.rules.in_force import InForce
from services.sla.absences import PAGE, AbsenceWatch
from services.sla.limbo import LimboWatch
from services.sla.periods import PeriodWatch
from services.sla.watcher import Watcher

ALONE = timedelta(seconds=1)
"""Between two looks of a relay that has its file to itself, unless it is rung."""


class Watches(NamedTuple):
    """What looks at the time: clocks that fall due, leads in limbo, absences and periods that begin."""

    clocks: Watcher
    limbo: LimboWatch
    absences: AbsenceWatch
    periods: PeriodWatch


def router_of(parts: Parts) -> Router:
    """The only writer of leads."""
    settings = parts.settings
    return Router(
        store=parts.store,
        source=parts.log,
        topic=settings.topic("signals"),
        ruling=parts.ruling,
        now=parts.now,
        deciding_now=parts.time.deciding_now,
        batch_max=settings.router.batch_max,
        batch_wait=settings.router.batch_wait,
        budget=settings.router.dead_letter_budget,
        source_budget=settings.router.source_dead_letters,
        relay_bell=parts.relay_bell,
        on_batch=trace_batches(metering.count_batch, parts.traces),
        on_step=parts.pulses.of("router"),
    )


def relay_of(parts: Parts) -> Relay:
    """One with a name that no other has."""
    settings = parts.settings
    # Whoever is alone on a file is rung for each event.
    poll = max(settings.relay.poll, ALONE) if parts.store.engines.is_alone else settings.relay.poll
    return Relay(
        store=parts.store,
        target=parts.log,
        topic_of=settings.topic,
        now=parts.now,
        # Host and process id alone are no name: every container may be process 1 of a host that it shares.
        holder=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        lease_ttl=settings.relay.lease_ttl,
        poll=poll,
        batch_max=settings.relay.batch_max,
        keys=person_keys_of(parts),
        bell=parts.relay_bell,
        feed_bells=(parts.delivery_bell, parts.page_bell),
        on_published=metering.count_published,
        on_moved=trace_events(parts.traces),
        on_set_aside=metering.count_set_aside,
        on_unpublished=metering.count_unpublished,
        on_step=parts.pulses.of("relay", poll),
    )


def watches_of(parts: Parts) -> Watches:
    """All that the role `sla` runs."""
    settings, topic = parts.settings, parts.settings.topic("signals")
    in_force = InForce(parts.ruling)

    async def roster() -> Roster:
        return in_force(await parts.reading.roster_changes()).roster

    async def hand_overs_of(person: str, after: str) -> list[LeadRow]:
        return await parts.reading.leads(stage="hand_over", owner=person, after=after, limit=PAGE)

    limbo = LimboWatch(
        store=parts.store,
        target=parts.log,
        topic=topic,
        roster=roster,
        now=parts.time.deciding_now,
        on_count=metering.in_limbo,
        batch_max=settings.sla.batch_max,
    )
    clocks = Watcher(
        parts.store,
        parts.log,
        topic,
        parts.time.deciding_now,
        grace=settings.sla.grace,
        sweep=settings.sla.sweep,
        batch_max=settings.sla.batch_max,
        trace=trace_clocks(parts.traces),
        on_step=parts.pulses.of("sla", settings.sla.sweep),
    )
    absences = AbsenceWatch(
        target=parts.log, topic=topic, roster=roster, owned=hand_overs_of, now=parts.time.deciding_now
    )
    periods = PeriodWatch(
        target=parts.log, topic=topic, ruling=versions_of(parts).ruling, now=parts.time.deciding_now, mode=settings.mode
    )
    return Watches(clocks=clocks, limbo=limbo, absences=absences, periods=periods)
