"""The users that our sinks write as, so that what they do at a CRM is known as our own when its webhooks tell of it."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.sources import Source
from services.bootstrap.sinks_file import read_every_sink
from services.settings import Settings


def own_users(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The users that we write as, by the name of the source whose webhooks tell of them. Raises FileError."""
    users: dict[str, tuple[str, ...]] = {}
    for sink in read_every_sink(settings):
        if sink.source is not None and sink.user is not None:
            users[sink.source] = (*users.get(sink.source, ()), sink.user)
    return users


def with_own_users(source: Source, users: Mapping[str, tuple[str, ...]]) -> Source:
    """The source with the users of the sinks that name it among its `our_users`."""
    ours = tuple(dict.fromkeys((*source.sales.our_users, *users.get(source.name, ()))))
    return source.model_copy(update={"sales": source.sales.model_copy(update={"our_users": ours})})
