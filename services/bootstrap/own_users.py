"""Who our sinks write as, so that what they do at a CRM is known as our own when its webhooks tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.sources import Source
from services.bootstrap.sinks_file import read_every_sink, read_sinks
from services.settings import Settings


class Ours(NamedTuple):
    """The users and the apps that the sinks of a source write as."""

    users: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()


def own_users(settings: Settings) -> dict[str, Ours]:
    """Who we write as, by the name of the source whose webhooks tell of it. Raises FileError."""
    ours: dict[str, Ours] = {}
    for sink in read_every_sink(settings):
        if sink.source is not None:
            users, apps = ours.get(sink.source, Ours())
            ours[sink.source] = Ours(tuple(filter(None, (*users, sink.user))), tuple(filter(None, (*apps, sink.app))))
    return ours


def with_own_users(source: Source, ours: Mapping[str, Ours]) -> Source:
    """The source with who the sinks that name it write as among its `our_users` and `our_apps`."""
    users, apps = ours.get(source.name, Ours())
    both = {
        "our_users": tuple(dict.fromkeys((*source.sales.our_users, *users))),
        "our_apps": tuple(dict.fromkeys((*source.sales.our_apps, *apps))),
    }
    return source.model_copy(update={"sales": source.sales.model_copy(update=both)})


def targets_by_source(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The sinks that write, by the name of the source whose webhooks tell of what they wrote. Raises FileError."""
    targets: dict[str, tuple[str, ...]] = {}
    for sink in read_sinks(settings):
        if sink.source is not None and sink.mode == "live":
            targets[sink.source] = (*targets.get(sink.source, ()), sink.target)
    return targets
