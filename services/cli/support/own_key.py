"""Acts that nobody can do for somebody else: on the command line too, they take the person's own API key."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.api.access import Key
    from services.ports.keys import KeyStore
    from services.settings import Settings

WHOSE = """\
Asks for the API key of whoever does it (or reads it from standard input): one with the scope commands:write, which
names the person."""


class NoKey(ValueError):
    """What was given opens nothing."""


async def own_key(settings: Settings, store: KeyStore) -> Key:
    """Raises NoKey with what to do, FileError, StoreUnavailable."""
    from services.api.access import matching_key
    from services.bootstrap.keyring import every_key
    from services.loops.store_time import machine_now

    given = _secret()
    if not given:
        raise NoKey("no API key was given; type it, or let it be read from standard input")
    key = matching_key((await every_key(settings, store)).values(), f"Bearer {given}")
    if key is None:
        raise NoKey("that API key is none of this installation's; `stafett key make` makes one")
    if key.is_over(machine_now()):
        raise NoKey(f"the key {key.name} expired")
    if "commands:write" not in key.scopes:
        raise NoKey(f"the key {key.name} has no scope commands:write")
    return key


def _secret() -> str:
    """Never an argument, which other users of the machine could read."""
    return getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
