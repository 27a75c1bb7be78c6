"""What the demo runs on: an installation with its configuration, and the one that it starts for itself."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import httpx

QUICK = (
    ("offer_expires: 4h business\n  calendar: stockholm", "offer_expires: 60s elapsed"),
    (
        (
            "target: 24h elapsed\n      warnings: [4h elapsed, 1h elapsed]\n"
            "      ladder:\n        - {do: notify}\n        - {after: 4h elapsed, do: escalate}"
        ),
        (
            "target: 4s elapsed\n      warnings: [2s elapsed]\n"
            "      ladder:\n        - {do: notify}\n        - {after: 2s elapsed, do: escalate}"
        ),
    ),
)
"""(written, instead) in the example agreement, so that promises are broken within a demo."""
PATIENCE = 150
"""Seconds for a slow machine to be ready; a usual one takes three."""


class Installation(Protocol):
    """Something that runs: its configuration, an API key, where it answers."""

    config: Path
    key: str
    url: str


class Alone:
    """A `stafett up` of its own: one process, one file. `changes` are made to the example agreement; `port` 0 is any that is free."""

    def __init__(self, config: Path, changes: Sequence[tuple[str, str]] = QUICK, port: int = 0) -> None:
        from services.cli.setting_up.new import run as new

        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            new(argparse.Namespace(folder=config))
        self.config, self.key = config, said.getvalue().split("only now: ")[1].split()[0]
        agreement = config / "agreement.yaml"
        text = agreement.read_text("utf-8")
        for written, quick in changes:
            if written not in text:
                raise RuntimeError(f"the example agreement does not say: {written}")
            text = text.replace(written, quick)
        agreement.write_text(text, "utf-8")
        self.url = f"http://127.0.0.1:{port or _free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers. Raises RuntimeError with what it said where it does not."""
        port = self.url.rpartition(":")[2]
        environment = {**os.environ, "STAFETT_HTTP_PORT": port, "STAFETT_LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-m", "services.cli.main", "up", "--config", str(self.config)]
        with (self.config / "up.log").open("wb") as out:
            self._process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)  # noqa: S603 - ours
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
                break  # it died; what it said is the reason
        raise RuntimeError(f"not ready: {(self.config / 'up.log').read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)

    def wait(self) -> int:
        """Until it ends by itself; its exit status."""
        return self._process.wait() if self._process is not None else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
