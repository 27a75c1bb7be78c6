"""Whatever Apprise knows, from the extra `apprise`: posted once, never changed, and by a process that reaches the listed hosts alone.

On kill -9 while it sends, the message goes once more: Apprise has no key by which a service would know it again.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from datetime import timedelta
from importlib.util import find_spec

from schemas.alert_channels import AppriseChannel
from services.alerts.channels.sender import Outcome
from services.alerts.messages.building import Message, text_lines

TIMEOUT = 12.0
"""Seconds for one message; the process is ended then."""
MEND = timedelta(minutes=5)
"""How long a channel waits that somebody has to mend."""
_COMMAND = (sys.executable, "-P", "-m", "services.alerts.channels.apprise_process")
_PASSED = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""Of our environment; proxies are not, for they would be asked where we look at addresses."""


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("apprise") is not None


class AppriseSender:
    """`url` is the secret."""

    def __init__(self, channel: AppriseChannel, url: str) -> None:
        self._channel, self._url = channel, url

    async def send(self, message: Message) -> Outcome:
        told = {
            "url": self._url,
            "hosts": self._channel.hosts,
            "allow_private": self._channel.allow_private,
            "title": message.subject,
            "body": "\n".join(text_lines(message)).strip() or message.subject,
            "type": _type_of(message),
        }
        try:
            async with asyncio.timeout(TIMEOUT):
                word = await _ask(json.dumps(told).encode())
        except TimeoutError:
            return Outcome("later", "no_answer_in_time")
        match word:
            case "sent":
                return Outcome("sent")
            case "not_taken":
                return Outcome("later", word)
            case "":
                return Outcome("later", "its_process_failed")
            case _:
                return Outcome("later", word, MEND)


async def _ask(told: bytes) -> str:
    """What the process says. It is ended however this ends."""
    environment = {name: os.environ[name] for name in _PASSED if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment)
    try:
        answer, _ = await process.communicate(told)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return answer.decode(errors="replace")


def _type_of(message: Message) -> str:
    """Apprise's word for how bad it is."""
    match message.status:
        case "resolved":
            return "success"
        case "acknowledged":
            return "info"
        case "firing":
            return "failure" if message.level == "breach" else "warning"
