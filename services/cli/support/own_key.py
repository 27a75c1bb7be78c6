"""Acts that nobody can do for somebody else: on the command line too, they take the person's own API key."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.api.access import Key
    from services.settings import Settings

WHOSE = """\
Asks for the API key of whoever does it (or reads it from standard input): one with the scope commands:write, whose entry
in api_keys.yaml names the person."""


class NoKey(ValueError):
    """What was given opens nothing."""


def own_key(settings: Settings) -> Key:
    """Raises NoKey with what to do, FileError."""
    from services.api.access import matching_key
    from services.bootstrap.keyring import keys_of
    from services.loops.store_time import machine_now

    given = _secret()
    if not given:
        raise NoKey("no API key was given; type it, or let it be read from standard input")
    key = matching_key(keys_of(settings).values(), f"Bearer {given}")
    if key is None:
        raise NoKey("no entry of api_keys.yaml is of that API key; `stafett apikey` makes one")
    if key.is_over(machine_now()):
        raise NoKey(f"the key {key.name} expired")
    if "commands:write" not in key.scopes:
        raise NoKey(f"the key {key.name} has no scope commands:write")
    return key


def _secret() -> str:
    """Never an argument, which other users of the machine could read."""
    return getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
