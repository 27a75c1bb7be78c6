"""Keys of our own API: what each may do, the file with their digests, and what a key may give to others."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, model_validator

from schemas.words import Name
from schemas.yamlfile import FileModel

Scope = Literal[
    "leads:read",
    "personal:read",
    "events:read",
    "ops:read",
    "ops:write",
    "commands:write",
    "incidents:write",
    "metrics:read",
    "subscriptions:read",
    "subscriptions:write",
    "persons:export",
    "persons:erase",
    "persons:keys",
    "audit:read",
    "keys:read",
    "keys:write",
]
SCOPES: dict[Scope, str] = {
    "leads:read": "Leads, their history and explanation, clocks, the lifecycle, snapshots.",
    "personal:read": "Names, addresses, numbers and free text in the answers of the other scopes; left out without it.",
    "events:read": "The feed of events.",
    "ops:read": "Quarantine, dead letters, depths, sinks; what of the process is not ready.",
    "ops:write": "Trying quarantined bodies again, and sinks; pausing sinks.",
    "commands:write": "Commands, with the rights of the key's person; of everybody only where the entry says `acts_as: everybody`.",
    "incidents:write": "Acknowledging incidents, as the key's person.",
    "metrics:read": "Prometheus metrics on the HTTP port, and what of the process is not ready.",
    "subscriptions:read": "Who gets events as webhooks, how far they are, what was tried. Their URLs are shown.",
    "subscriptions:write": "Making, changing, deleting, disabling, testing and replaying subscriptions: whoever has it can have "
    "all events, with what they hold of persons, sent to an address of their choice.",
    "persons:export": "All that is known of one person, with names, addresses and every word, in one file; each asking is noted.",
    "persons:erase": "Erasing a person for good, and the receipts of erasures.",
    "persons:keys": "The keys by which what is personal of events on Kafka's topics is opened; each asking is noted.",
    "audit:read": "Who saw personal data and who changed what, over the API and the page.",
    "keys:read": "Which keys there are, what each may do, and when it was used last.",
    "keys:write": "Making keys that may do no more than this one, and revoking such keys.",
}
"""What a key may do, with what each scope opens."""
SHORTEST_KEY = 24
"""Characters of a key that somebody made up; `stafett apikey` makes longer ones."""


def _not_reserved(name: str) -> str:
    if name == "operator":
        raise ValueError("`operator` is what commands of the command line are recorded as; choose another name")
    return name


class KeyTerms(FileModel):
    """What a key may do. `person` is who asks with it: somebody of the roster, whose role and leads say what
    may be asked for; once they left it opens nothing. `acts_as: everybody` lets a key without a person ask in anybody's name.
    `brands`: whose leads, events and quarantined bodies it sees; all where it is left out. `expires`: the instant from which it
    opens nothing, with its offset from UTC.
    """

    scopes: tuple[Scope, ...]
    person: Name | None = None
    acts_as: Literal["everybody"] | None = None
    brands: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    expires: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if self.person is not None and self.acts_as is not None:
            raise ValueError("a key of one `person` acts as nobody else; leave out `acts_as`, or the person")
        return self

    def is_over(self, now: datetime) -> bool:
        """Whether it expired."""
        return self.expires is not None and now >= self.expires

    def includes(self, other: KeyTerms) -> str | None:
        """Why the other may do what this may not; None where it may do no more. For how long is left out."""
        if absent := [scope for scope in other.scopes if scope not in self.scopes]:
            return f"this key has no scope {absent[0]} itself"
        if self.brands is not None and not (other.brands and set(other.brands) <= set(self.brands)):
            return "this key sees some brands alone, and that one would see others"
        return None

    def may_give(self, other: KeyTerms) -> str | None:
        """Why somebody with this key may not make such a one; None where they may. In nobody's name but their own, unless it acts as
        everybody, and for no longer than they have theirs."""
        if (why := self.includes(other)) is not None:
            return why
        if self.acts_as is None and (other.person, other.acts_as) != (self.person, None):
            return "this key speaks for others in no way, so those that it makes have the same `person` as itself, or none as well"
        if self.expires is not None and (other.expires is None or other.expires > self.expires):
            return f"this key expires at {self.expires.isoformat()}; say `expires`, no later than that"
        return None


class KeyEntry(KeyTerms):
    """`sha256` is the hex digest of the key; the key itself is shown once, when it is made. `key` instead of it is the key in
    plain: it is taken, with a warning. The rest is in `KeyTerms`."""

    name: Annotated[str, AfterValidator(_not_reserved)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    key: SecretStr | None = None

    @model_validator(mode="after")
    def _is_one_key(self) -> Self:
        if (self.sha256 is None) == (self.key is None):
            raise ValueError(
                "say either `sha256`, the digest of the key, or `key`; `stafett apikey --hash` makes the digest"
            )
        if self.key is not None and len(self.key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"a `key` has at least {SHORTEST_KEY} characters; `stafett apikey` makes one")
        return self

    @property
    def digest(self) -> str:
        """What a key that is sent is compared with."""
        return self.sha256 or digest_of(self.key.get_secret_value() if self.key is not None else "")


class KeyOrder(KeyTerms):
    """A key that is asked for; `stafett key make` and `PUT /v1/keys/{name}` make it."""

    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]


class KeysFile(FileModel):
    """The whole file. `version` is the version of its format."""

    version: Literal[1, "1"]
    keys: tuple[KeyEntry, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> KeysFile:
        names = [entry.name for entry in self.keys]
        if len(names) != len(set(names)):
            raise ValueError("two keys have the same name; the log and commands tell them apart by it")
        return self


def new_key() -> str:
    """A key that nobody can guess: 256 random bits."""
    return f"sk_{secrets.token_urlsafe(32)}"


def digest_of(key: str) -> str:
    """SHA-256, hex. Keys are long and random, so a slow or salted digest would protect nothing more."""
    return hashlib.sha256(key.encode()).hexdigest()
