"""Which lists somebody joined or left, or a mail went to, by the names that senders give them: id and name of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from schemas.json_values import JsonValue
from schemas.signals import Kind
from schemas.suppression import ALL_PURPOSES
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text

ABOUT_LISTS = frozenset({Kind.LIST_SUBSCRIBED, Kind.LIST_UNSUBSCRIBED, Kind.EMAIL_SENT, Kind.EMAIL_DELIVERED})
MOST = 16
"""Names of lists of one signal."""
LONGEST = 200
_MAX_ROWS, _MAX_FIELDS, _MAX_LEVELS = 50, 300, 6
_THINGS = "list mailing_list mail_list email_list audience newsletter subscription_list subscriber_list contact_list subscription_type subscription_topic topic subscription_group unsubscribe_group suppression_group asm_group nyhetsbrev liste lista lijst verteiler"
_NAMED = frozenset(
    f"{thing}{ending}" for thing in _THINGS.split() for ending in ("", "s", "_id", "_ids", "_name", "_names")
) | frozenset(["listid", "listname", "listids", "audienceid", "asm_group_id", "group_unsubscribe_id"])
_OWN = ("id", "name", "title", "uid", "key", "slug", "list_id", "list_name")
"""Keys of an object that is a list."""
_ALL = ALL_PURPOSES | {"*", "all lists", "global"}
_NO_LISTS = frozenset(["list_unsubscribe", "list_unsubscribe_post"])


def lists_in(whole: JsonValue) -> tuple[str, ...] | None:
    """The lists that are named in answers or in a body; none of them where all lists are meant. None where no list is named."""
    found = tuple(dict.fromkeys(islice(_list_names(whole, 0), MOST)))
    if not found:
        return None
    return () if any(name.casefold() in _ALL for name in found) else found


def _list_names(node: JsonValue, level: int) -> Iterator[str]:
    if level > _MAX_LEVELS:
        return
    if isinstance(node, list):
        for one in node[:_MAX_ROWS]:
            yield from _list_names(one, level + 1)
    elif isinstance(node, Mapping):
        for key, value in islice(node.items(), _MAX_FIELDS):
            if isinstance(key, str) and label(key) in _NAMED and label(key) not in _NO_LISTS:
                yield from _names_of(value)
            elif isinstance(value, Mapping | list):
                yield from _list_names(value, level + 1)


def _names_of(value: JsonValue) -> Iterator[str]:
    """One list, or several: a name, an id, or an object that has them."""
    if isinstance(value, list):
        for one in value[:MOST]:
            yield from _names_of(one)
    elif isinstance(value, Mapping):
        parts = [value.get(key) for key in _OWN]
        yield from (name for part in parts if not isinstance(part, Mapping | list) for name in _names_of(part))
    elif not isinstance(value, bool) and (name := text(value)) is not None and len(name) <= LONGEST:
        yield name
