"""kcat, Debian's command for reading Kafka: the machine's own, or unpacked without root with the libraries that it needs."""

import json
import os
import subprocess
from pathlib import Path

from tests.parts.debian import CACHE, library_folder, program

LIBRARIES = {"librdkafka1": "librdkafka.so.1", "libyajl2": "libyajl.so.2"}
SECONDS = 120


def consume(bootstrap: str, group: str, topics: list[str], *more: str) -> list[dict]:
    """All records from the group's place to the end, as `kcat -J` writes them: topic, partition, offset, key, payload, and headers
    where a record has some. The group's place moves to the end. Raises CalledProcessError."""
    settings = ("-X", "auto.offset.reset=earliest", *more)
    return [
        json.loads(line)
        for line in run("-b", bootstrap, *settings, "-q", "-e", "-J", "-G", group, *topics).splitlines()
    ]


def run(*arguments: str) -> str:
    """What kcat prints. Raises CalledProcessError."""
    name = program("kcat", "usr/bin/kcat")
    more = {}
    if Path(name).is_relative_to(CACHE):
        folders = [str(library_folder(package, file)) for package, file in LIBRARIES.items()]
        more = {"env": os.environ | {"LD_LIBRARY_PATH": ":".join(folders)}}
    return subprocess.run(
        [name, *arguments], check=True, capture_output=True, text=True, timeout=SECONDS, **more
    ).stdout
