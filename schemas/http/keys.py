"""Keys of this API."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.api_keys import Scope
from schemas.http.common import AT, example
from schemas.json_values import JsonObject

KEY_EXAMPLE: JsonObject = {
    "name": "dashboard",
    "origin": "api",
    "scopes": ["leads:read"],
    "person": None,
    "acts_as": None,
    "brands": ["nord"],
    "expires": "2027-11-24T00:00:00Z",
    "made_by": "admin",
    "made_at": AT,
    "revoked_at": None,
    "last_used_at": None,
}


class KeyView(BaseModel):
    """A key: what it may do, never itself."""

    model_config = ConfigDict(frozen=True)
    name: str
    origin: Literal["file", "api"] = Field(description="Of api_keys.yaml, or made over the API or the command line.")
    scopes: tuple[Scope, ...]
    person: str | None = Field(description="Who asks with it, by the roster's id.")
    acts_as: Literal["everybody"] | None
    brands: tuple[str, ...] | None = Field(description="What it sees; null: every brand.")
    expires: AwareDatetime | None
    made_by: str | None = Field(
        description="The key that made it, or `operator`: the command line. Null for the file's."
    )
    made_at: AwareDatetime | None
    revoked_at: AwareDatetime | None = Field(description="Since then it opens nothing.")
    last_used_at: AwareDatetime | None = Field(description="To ten minutes.")


class KeyList(BaseModel):
    """Every key of this installation, by name; those that were revoked for as long as the audit is kept."""

    model_config = example({"keys": [KEY_EXAMPLE]})
    keys: list[KeyView]


class KeyMade(KeyView):
    """A key that was made now. It is shown this once and never again."""

    model_config = example({**KEY_EXAMPLE, "key": "sk_" + "x" * 43})
    key: str
