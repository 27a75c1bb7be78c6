"""The sinks file as it stands; what of it has to fit the sources is looked at in `sinks.py`."""

from __future__ import annotations

from schemas.sinks import SinksFile
from schemas.sinks.vendors import AnySink
from schemas.yamlfile import load
from services.bootstrap.parts import read_file
from services.settings import Settings


def read_sinks(settings: Settings) -> list[AnySink]:
    """The sinks of the file, whether or not they fit the sources; none where there is no file. Raises FileError."""
    path = settings.path(settings.files.sinks)
    return list(load(read_file(settings, "sinks"), SinksFile, str(path)).sinks) if path.exists() else []
