"""The API keys' file: digests of keys of our own API, with what each may do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.words import Name
from schemas.yamlfile import FileModel

Scope = Literal["leads:read", "personal:read", "events:read", "ops:read", "ops:write", "commands:write"]
SCOPES: dict[Scope, str] = {
    "leads:read": "Leads, their history and explanation, clocks, the lifecycle, snapshots.",
    "personal:read": "Names, addresses, numbers and free text in the answers of the other scopes; left out without it.",
    "events:read": "The feed of events.",
    "ops:read": "Quarantine, dead letters, depths.",
    "ops:write": "Trying quarantined bodies again.",
    "commands:write": "Commands, with the rights of the key's person; of everybody where it has none.",
}
"""What a key may do, with what each scope opens."""


def _not_reserved(name: str) -> str:
    if name == "operator":
        raise ValueError("`operator` is what commands of the command line are recorded as; choose another name")
    return name


class KeyEntry(FileModel):
    """`sha256` is the hex digest of the key; the key itself is shown once, when it is made. `person` is who asks with it:
    somebody of the roster, whose role and leads say what may be asked for."""

    name: Annotated[str, AfterValidator(_not_reserved)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: tuple[Scope, ...]
    person: Name | None = None


class KeysFile(FileModel):
    """The whole file. `version` is the version of its format."""

    version: Literal[1, "1"]
    keys: tuple[KeyEntry, ...] = ()
