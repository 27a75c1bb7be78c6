"""The files of the configuration: each is read as the roles read it, with its secrets; and nobody else may read what is secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import httpx

from schemas.yamlfile import FileError
from services.bootstrap.alerting import alerts_of, check_people, senders_of
from services.bootstrap.http import sources_of
from services.bootstrap.keyring import keys_of
from services.bootstrap.marketing import marketing_sinks_of
from services.bootstrap.parts import read_ruling
from services.bootstrap.sinks import sinks_of
from services.bootstrap.subscribers import subscribers_of
from services.cli.doctor.finding import Finding
from services.cli.support.modes import OTHERS, private_paths
from services.settings import Settings, SettingsError, deployment_key

Read = Callable[[], object]


def examine_files(settings: Settings) -> Iterator[Finding]:
    """A finding for each file, or for each line that is wrong in it."""
    readers: dict[str, Read] = {
        "deployment key": partial(deployment_key, settings),
        "agreement and roster": partial(read_ruling, settings),
        "sources": partial(sources_of, settings),
        "subscriptions": partial(subscribers_of, settings),
        "alerts": partial(_read_alerts, settings),
        "sinks": partial(sinks_of, settings),
        "marketing sinks": partial(marketing_sinks_of, settings),
        "API keys": partial(keys_of, settings),
    }
    for about, read in readers.items():
        yield from _findings(about, read)


def _findings(about: str, read: Read) -> Iterator[Finding]:
    try:
        read()
    except (FileError, SettingsError) as error:
        for line in str(error).splitlines():
            yield Finding(about, "wrong", line, "correct that line; the roles do not start with it")
    else:
        yield Finding(about, "ok", "can be used")


def _read_alerts(settings: Settings) -> None:
    file = alerts_of(settings)
    check_people(settings, file, read_ruling(settings).roster)
    senders_of(settings, file, httpx.AsyncClient())


def examine_rights(settings: Settings) -> Iterator[Finding]:
    """Whether others on this machine may read what is secret or personal."""
    open_ones = [path for path in private_paths(settings) if path.exists() and path.stat().st_mode & OTHERS]
    for path in open_ones:
        yield Finding("rights of files", "wrong", f"others on this machine may read {path}", f"chmod go= {path}")
    if not open_ones:
        yield Finding("rights of files", "ok", "secrets, keys and the store are for this user alone")
