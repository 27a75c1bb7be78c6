"""The sources file: who may send us signals, in which shape, and how they prove who they are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.words import Name
from schemas.yamlfile import FileModel

SecretName = Annotated[str, Field(pattern=r"^STAFETT_SECRET_[A-Z0-9_]+$")]


class Scheme(FileModel):
    """How a delivery is verified. Bound to the source, never inferred from what a request brings along.

    `hmac`: over the raw body, or over `template` with `{timestamp}` and `{body}`, hex or base64 in `header` after `prefix`.
    `hubspot`: v3 (v1 and v2 where `version` says so). `basic`: `user:password`. `token`: the secret itself in `header`.
    Secrets are names of environment variables; several are tried in turn, for rotation.
    """

    scheme: Literal["none", "standard_webhooks", "hmac", "hubspot", "basic", "token"]
    secrets: tuple[SecretName, ...] = ()
    header: str = ""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    template: str = "{body}"
    timestamp_header: str = ""
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_seconds: Annotated[int, Field(ge=1, le=86400)] = 300
    version: Literal["v1", "v2", "v3"] = "v3"

    @model_validator(mode="after")
    def _is_whole(self) -> Scheme:
        if self.scheme != "none" and not self.secrets:
            raise ValueError(f"`{self.scheme}` needs `secrets`: names such as STAFETT_SECRET_WEB")
        if self.scheme in ("hmac", "token") and not self.header:
            raise ValueError(f"`{self.scheme}` needs `header`, the header that the proof is in")
        if "{timestamp}" in self.template and not self.timestamp_header:
            raise ValueError("a template with {timestamp} needs `timestamp_header`")
        return self


class SalesMeaning(FileModel):
    """What the CRM's own words mean here. Stages and statuses as the CRM writes them in its webhooks (often ids).

    `follow_up_types`: activity types that are a genuine step (left out: all). `not_qualified`: lost or rejection reasons
    that mean the lead never was qualified. `our_users`: ids of the users by which Stafett writes into the CRM.
    """

    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    meeting_booked: tuple[str, ...] = ()
    follow_up_types: tuple[str, ...] = ()
    not_qualified: tuple[str, ...] = ()
    our_users: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_meaning_each(self) -> SalesMeaning:
        names = ("accepted", "rejected", "returned", "won", "lost", "meeting_booked")
        seen: dict[str, str] = {}
        for name in names:
            for word in getattr(self, name):
                other = seen.setdefault(word.casefold(), name)
                if other != name:
                    raise ValueError(f"`{word}` means both {other} and {name}; a stage can mean one thing")
        return self


class Source(FileModel):
    """One sender: `POST /v1/hooks/{name}`. `region` is where phone numbers without a country code are from."""

    name: Name
    kind: str
    brand: Name = "default"
    mode: Literal["live", "observe", "test"] = "live"
    verify: Scheme
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    max_body: Annotated[int, Field(ge=1, le=16 * 1024 * 1024)] = 1024 * 1024
    sales: SalesMeaning = SalesMeaning()
    rate: Annotated[float, Field(gt=0)] = 50.0
    burst: Annotated[int, Field(ge=1)] = 200


class SourcesFile(FileModel):
    """The whole file. `version` is the version of its format."""

    version: Literal[1, "1"]
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> SourcesFile:
        names = [source.name for source in self.sources]
        if len(names) != len(set(names)):
            raise ValueError("two sources have the same name")
        return self
