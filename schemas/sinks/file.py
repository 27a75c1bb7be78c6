"""The whole sinks file."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from schemas.sinks.vendors import AnySink
from schemas.yamlfile import BrokenAt, FileModel


class SinksFile(FileModel):
    """`version` is the version of its format."""

    version: Literal[1, "1"]
    sinks: tuple[AnySink, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> SinksFile:
        names = [sink.name for sink in self.sinks]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise BrokenAt(f"two sinks are called `{name}`", "sinks", number, "name")
        return self
