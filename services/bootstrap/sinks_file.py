"""The sinks file as it stands; what of it has to fit the sources is looked at in `sinks.py`."""

from __future__ import annotations

from schemas.sinks import SinksFile
from schemas.sinks.file import EverySink
from schemas.sinks.platforms import AnyMarketingSink
from schemas.sinks.vendors import AnySink
from schemas.yamlfile import load
from services.bootstrap.parts import read_file
from services.settings import Settings


def read_sinks(settings: Settings) -> list[AnySink]:
    """The CRMs of the file, whether or not they fit the sources; none where there is no file. Raises FileError."""
    return list(_read(settings).sinks)


def read_marketing_sinks(settings: Settings) -> list[AnyMarketingSink]:
    """The same of marketing platforms. Raises FileError."""
    return list(_read(settings).marketing)


def read_every_sink(settings: Settings) -> list[EverySink]:
    """Both. Raises FileError."""
    file = _read(settings)
    return [*file.sinks, *file.marketing]


def _read(settings: Settings) -> SinksFile:
    path = settings.path(settings.files.sinks)
    return load(read_file(settings, "sinks"), SinksFile, str(path)) if path.exists() else SinksFile(version=1)
