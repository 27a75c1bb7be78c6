"""This machine: room on the disk, descriptors for connections, names of the world outside."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator

from services.cli.doctor.finding import Finding
from services.cli.support.store_file import sqlite_file
from services.settings import Settings

GIB = 1 << 30
SPARE = 128
"""Descriptors that are kept for other things than connections."""


def examine_machine(settings: Settings) -> Iterator[Finding]:
    """Room and descriptors."""
    file = sqlite_file(settings)
    place = settings.config_folder if file is None else file.parent
    room = shutil.disk_usage(place)
    share = room.free / room.total
    text = f"{room.free / GIB:.1f} GiB free ({share:.0%}) at {place}"
    if room.free < GIB or share < 0.05:
        yield Finding("disk", "wrong", text, "make room: a full disk stops what is taken, and nothing is lost")
    else:
        yield Finding("disk", "ok", text)
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.http.max_connections + SPARE
    if most != resource.RLIM_INFINITY and most < wanted:
        text = f"this user may open {most} files, {settings.http.max_connections} connections want {wanted}"
        yield Finding("descriptors", "look", text, "LimitNOFILE= of the unit, or ulimit -n")
    else:
        yield Finding("descriptors", "ok", "enough for all connections")
