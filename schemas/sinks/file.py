"""The whole sinks file."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from schemas.sinks.platforms import AnyMarketingSink
from schemas.sinks.vendors import AnySink
from schemas.yamlfile import BrokenAt, FileModel

EverySink = AnySink | AnyMarketingSink
"""A CRM or a marketing platform."""


class SinksFile(FileModel):
    """`version` is the version of its format. `sinks` are CRMs, `marketing` are marketing platforms."""

    version: Literal[1, "1"]
    sinks: tuple[AnySink, ...] = ()
    marketing: tuple[AnyMarketingSink, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> SinksFile:
        places = [("sinks", number, sink.name) for number, sink in enumerate(self.sinks)]
        places += [("marketing", number, sink.name) for number, sink in enumerate(self.marketing)]
        names = [name for _, _, name in places]
        for place, (key, number, name) in enumerate(places):
            if name in names[:place]:
                raise BrokenAt(f"two sinks are called `{name}`", key, number, "name")
        return self
