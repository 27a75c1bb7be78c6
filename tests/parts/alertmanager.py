"""Prometheus's Alertmanager: the machine's own, or Debian's, unpacked without root."""

import json
import os
import time
import urllib.request
from pathlib import Path

from tests.parts.debian import CACHE, program
from tests.parts.process import end, free_port, spawn

CONFIG = """route:
  receiver: ours
  group_by: [policy, team]
  group_wait: 2s
  group_interval: 3s
  repeat_interval: 4h
receivers:
  - name: ours
    webhook_configs:
      - url: {url}
        send_resolved: true
        max_alerts: 20
inhibit_rules:
  - source_matchers: ['kind="breach"']
    target_matchers: ['kind="warning"']
    equal: [clock_id]
"""


PACKAGE, PROGRAM = "prometheus-alertmanager", "usr/bin/prometheus-alertmanager"
TEMPLATES = b"/usr/share/prometheus/alertmanager"
"""Where Debian's program looks for its templates, wherever it was unpacked."""


def command_and_folder() -> tuple[str, Path | None]:
    """The program, and the folder to run it in: one that was unpacked looks for its templates where it stands. The copy differs from
    Debian's in that one path, by as many bytes."""
    found = Path(program(PACKAGE, PROGRAM))
    if not found.is_relative_to(CACHE):
        return str(found), None
    copy = found.with_name("alertmanager-here")
    if not copy.exists():
        beside = copy.with_suffix(f".{os.getpid()}")
        beside.write_bytes(found.read_bytes().replace(TEMPLATES, b".".ljust(len(TEMPLATES), b"/")))
        beside.chmod(0o755)
        beside.rename(copy)
    return str(copy), CACHE / PACKAGE / TEMPLATES.decode().removeprefix("/")


class Alertmanager:
    """On a port of its own, with a folder of its own; what it notifies goes to `receiver`. `close` ends it."""

    def __init__(self, folder: Path, receiver: str) -> None:
        self.folder, self._receiver = folder, receiver
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process = None

    def start(self) -> "Alertmanager":
        config = self.folder / "alertmanager.yml"
        config.write_text(CONFIG.format(url=self._receiver))
        name, folder = command_and_folder()
        command = [
            name,
            f"--config.file={config}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            "--cluster.listen-address=",
        ]
        self._process = spawn(command, self.folder / "alertmanager.log", cwd=folder or self.folder)
        until = time.monotonic() + 30
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1):  # noqa: S310 - our own address
                    return self
            except OSError:
                time.sleep(0.1)
        self.close()
        raise AssertionError((self.folder / "alertmanager.log").read_text())

    def close(self, *, kill: bool = False) -> None:
        end(self._process, kill=kill)

    def alerts(self) -> list[dict]:
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:  # noqa: S310 - our own address
            return json.loads(answer.read())
