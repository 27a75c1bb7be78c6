"""RabbitMQ and Redis, the machine's own, on ports and in a folder of their own: what others than us need to be measured beside us."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.parts.errors import PartMissing
from tests.parts.process import end, free_port, spawn

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's, without the wrapper that changes the user."""
INSTALL = "apt-get install --no-install-recommends rabbitmq-server redis-server"


class Brokers:
    """Both, until `close`. `amqp` and `redis` are where they are."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._processes = folder, []
        self._amqp_port, self._redis_port, self._names_port = free_port(), free_port(), free_port()
        self.amqp = f"amqp://guest:guest@127.0.0.1:{self._amqp_port}"
        self.redis = f"127.0.0.1:{self._redis_port}"

    def start(self) -> "Brokers":
        """Raises PartMissing where one of them is not installed."""
        redis = shutil.which("redis-server")
        if redis is None or not RABBITMQ.exists():
            raise PartMissing(f"RabbitMQ and Redis are needed for this: {INSTALL}")
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "brokers.log"
        try:
            append = [redis, "--port", str(self._redis_port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
            self._processes.append(spawn([*append, "--appendonly", "yes", "--save", ""], log))
            self._processes.append(spawn([str(RABBITMQ)], log, env=self._environment()))
            for port in (self._redis_port, self._amqp_port):
                _wait_for(port, log)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def ids(self) -> dict[str, int]:
        """The process id of each, by name."""
        return dict(zip(("redis", "rabbitmq"), (process.pid for process in self._processes), strict=True))

    def close(self) -> None:
        """Ends both, and the name server that Erlang starts beside."""
        for process in reversed(self._processes):
            end(process)
        if epmd := shutil.which("epmd"):
            subprocess.run(
                [epmd, "-port", str(self._names_port), "-kill"], check=False, capture_output=True, timeout=10
            )

    def _environment(self) -> dict[str, str]:
        folder = str(self._folder)
        plugins = self._folder / "enabled_plugins"
        plugins.write_text("[].\n")
        return {
            **os.environ,
            "HOME": folder,
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"bench{self._amqp_port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._amqp_port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        }


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"nothing answers at {port}: {log.read_text(errors='replace')[-2000:]}")
