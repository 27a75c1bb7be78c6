"""One message by Apprise, in a process of its own that can reach nothing but the hosts that the file lists.

Apprise opens connections by itself, so that none of ours can look at an address first. Here the interpreter does: every name that is
looked up and every connection goes through a hook that cannot be taken away again, and a process that hangs is ended from outside. The
message and the secret come by stdin; what is said on stdout is one word of ours, and nothing that Apprise writes is kept.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import socket
import sys
from collections.abc import Collection
from typing import Any

from services.outbound.client import is_public

REFUSED_EVENTS = frozenset(
    (
        "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto", "socket.sendmsg", "socket.bind",
        "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
    )
)  # fmt: skip
"""Other ways out than a connection to an address that was looked at."""
CONNECT, LOOK_UP = "socket.connect", "socket.getaddrinfo"


class Forbidden(OSError):
    """The guard said no; to Apprise it is a place that cannot be reached."""


class Guard:
    """Lets through what is listed. `denials` says in a word each what was not."""

    def __init__(self, hosts: Collection[str], *, allow_private: bool) -> None:
        self._hosts, self._allow_private = {host.lower() for host in hosts}, allow_private
        self._addresses: set[str] = set()
        self.denials: list[str] = []

    def install(self) -> None:
        """From now on, for as long as the process is there."""
        look_up = socket.getaddrinfo

        def look_up_and_note(*args: Any, **named: Any) -> Any:
            found = look_up(*args, **named)
            self._addresses |= {str(entry[4][0]) for entry in found}
            return found

        socket.getaddrinfo = look_up_and_note
        sys.addaudithook(self.judge)

    def judge(self, event: str, args: tuple[Any, ...]) -> None:
        """Raises Forbidden."""
        if event == LOOK_UP:
            name = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
            if name.lower() not in self._hosts:
                self._deny("host_is_not_listed")
        elif event == CONNECT:
            address = args[1][0] if isinstance(args[1], tuple) else None
            if address not in self._addresses:
                self._deny("address_is_not_of_a_listed_host")
            if not self._allow_private and not is_public(str(ipaddress.ip_address(str(address).partition("%")[0]))):
                self._deny("address_is_not_public")
        elif event in REFUSED_EVENTS:
            self._deny("another_way_out")

    def _deny(self, word: str) -> None:
        self.denials.append(word)
        raise Forbidden(word)


def send(told: dict[str, Any]) -> str:
    """One word: `sent`, `url_is_not_understood`, `not_taken`, or why the guard said no."""
    import apprise
    import requests.adapters  # noqa: F401 - it tries to bind a port when it is loaded, which the guard would note

    guard = Guard(told["hosts"], allow_private=told["allow_private"])
    asset = apprise.AppriseAsset(
        async_mode=False, app_id="Stafett", app_desc="Stafett", app_url="", image_url_logo=None, image_url_mask=None
    )
    guard.install()
    place = apprise.Apprise.instantiate(told["url"], asset=asset, suppress_exceptions=True)
    if place is None:
        return "url_is_not_understood"
    notify = apprise.Apprise(asset=asset)
    notify.add(place)
    form = apprise.NotifyFormat.TEXT
    if notify.notify(title=told["title"], body=told["body"], notify_type=told["type"], body_format=form):
        return "sent"
    return guard.denials[0] if guard.denials else "not_taken"


def main() -> None:
    """Reads what is told from stdin, writes the word to stdout."""
    told = json.loads(sys.stdin.buffer.read())
    answer = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    logging.disable(logging.CRITICAL)
    os.write(answer, send(told).encode())


if __name__ == "__main__":
    main()
