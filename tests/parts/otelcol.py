"""A real OpenTelemetry Collector that writes what it gets into a file: built once by the machine's Go from tests/parts/otelcol, whose
go.sum has the digests of all that it is made of."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.environments import digest_of, made_once
from tests.parts.errors import PartMissing
from tests.parts.process import end, free_port, spawn

SOURCE = Path(__file__).with_name("otelcol")
CACHE = Path.home() / ".cache" / "stafett" / "otelcol"
CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
exporters: {{file: {{path: {file}, flush_interval: 100ms}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [file]}}}}
"""


@contextmanager
def collector(folder: Path) -> Iterator[tuple[str, Path]]:
    """(where it takes spans, the file that they come into, a JSON line each request). Raises PartMissing."""
    port, file = free_port(), folder / "spans.ndjson"
    config = folder / "collector.yaml"
    config.write_text(CONFIG.format(port=port, file=file))
    process = spawn([str(_program()), f"--config=file:{config}"], folder / "collector.log")
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise AssertionError((folder / "collector.log").read_text()[-2000:])
        yield f"http://127.0.0.1:{port}/v1/traces", file
    finally:
        end(process)


def _program() -> Path:
    if shutil.which("go") is None:
        raise PartMissing("the collector is built by Go, which is not here")
    parts = [(SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")]
    return made_once("The OpenTelemetry Collector", CACHE / digest_of(*parts), _build) / "otelcol"


def _build(folder: Path) -> None:
    command = ["go", "build", "-mod=readonly", "-o", str(folder / "otelcol"), "."]
    subprocess.run(command, cwd=SOURCE, env=os.environ, check=True, capture_output=True, text=True, timeout=1800)
