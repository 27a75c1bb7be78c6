"""A person's own data: what is asked for about a person, and the file in which they get all that is known of them.

The file only ever grows, as events do. Its members are filled in the order in which they stand here, so that a reader may take
them as they come; `complete` is the last one, and a file without it was cut off.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from schemas.json_values import JsonObject
from schemas.signals import Mode, Proof

LONGEST_NAME = 320
"""Characters of an address, a number or an id by which a person is asked for."""
ReadableLanguage = Literal["en", "sv"]
FileFormat = Literal["json", "text"]


class PersonNamed(BaseModel):
    """Which person, by one of: an e-mail address, a telephone number, a lead's id."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    email: Annotated[str | None, Field(max_length=LONGEST_NAME, examples=["anna@example.com"])] = None
    phone: Annotated[str | None, Field(max_length=LONGEST_NAME, examples=["+46701234567"])] = None
    lead: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None

    @model_validator(mode="after")
    def _is_named_once(self) -> PersonNamed:
        if sum(value is not None for value in (self.email, self.phone, self.lead)) != 1:
            raise ValueError("name the person once: by `email`, `phone` or `lead`")
        return self


class ExportRequest(PersonNamed):
    """All that is known of a person, as JSON for programs or as a text that a person can read."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"email": "anna@example.com", "format": "json"}]}
    )
    format: FileFormat = "json"
    language: ReadableLanguage = Field(default="en", description="Of the text.")


class TopicKey(BaseModel):
    """One key of sealed events. `key` is its name, as `data.sealed.key` has it; `secret` 32 bytes in base64, or null, and then `reason`
    says why: `erased` for good, or `unknown` here."""

    key: str
    secret: str | None = None
    reason: Literal["erased", "unknown"] | None = None


class TopicKeys(BaseModel):
    """The keys that were asked for, in that order. Keep none of them longer than a minute: an erasure throws it away."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "keys": [
                        {
                            "key": "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe.1f0c2a9b",
                            "secret": "q2b0f0cXJrYk4bXl9mM2cnU1a3Z5d3BxZ3R6bnZ4Y2g=",
                            "reason": None,
                        }
                    ]
                }
            ]
        },
    )
    keys: list[TopicKey]


class ErasureRequest(PersonNamed):
    """Erase a person. `dry_run` says only what would be emptied."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"email": "anna@example.com", "reason": "asked by letter", "dry_run": False}]},
    )
    reason: Annotated[str, Field(min_length=1, max_length=80, description="Why, without a name: it is kept.")]
    dry_run: bool = True


class ErasureTaken(BaseModel):
    """What was taken on: for each lead a signal and, once the router has read it, an erasure of this id. `holds` are rows with something
    personal, by table; bodies in quarantine and on the log are looked through later and are not among them."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "dry_run": False,
                    "leads": ["lead_ts5bb7tmp3fqo3w4rhkrwxyfbe"],
                    "erasures": ["preq_4ouhzxfrkwvfb5sbqkvyd4s6ka"],
                    "holds": {"leads": 1, "history": 4, "events": 9},
                }
            ]
        },
    )
    dry_run: bool
    leads: list[str]
    erasures: list[str]
    holds: dict[str, int]


class ErasedRecord(BaseModel):
    """A record that a sink had made or taken over. `state` is `erased` once the person is taken out of it, at the instant `at`; as long as it
    is another one, the sink has not done it yet, or leaves what it wrote. `key` is ours and names nobody."""

    model_config = ConfigDict(frozen=True)
    sink: str
    kind: str
    key: str
    state: str
    at: AwareDatetime | None


class ErasureView(BaseModel):
    """An erasure and what came of it. `receipt` is there once it is done: rows emptied by table, how many identities are kept as erased,
    the instants, a digest of it and one that only this installation can make. `sinks` is how it stands now with the records in CRMs and
    marketing platforms, which goes on after that. Nothing in it is personal."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "preq_4ouhzxfrkwvfb5sbqkvyd4s6ka",
                    "state": "done",
                    "lead": "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe",
                    "asked_by": "operator",
                    "asked_at": "2026-11-24T09:00:00Z",
                    "finished_at": "2026-11-24T09:00:03Z",
                    "receipt": {"emptied": {"leads": 1, "history": 4, "events": 9}, "tombstones": 3},
                    "sinks": [
                        {
                            "sink": "crm",
                            "kind": "contact",
                            "key": "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe",
                            "state": "erased",
                            "at": "2026-11-24T09:00:05Z",
                        }
                    ],
                }
            ]
        },
    )
    id: str
    state: Literal["open", "done"]
    lead: str | None
    asked_by: str
    asked_at: AwareDatetime
    finished_at: AwareDatetime | None
    receipt: JsonObject | None
    sinks: list[ErasedRecord] = []


_CONSENT: JsonObject = {
    "purpose": "email",
    "state": "withdrawn",
    "at": "2026-11-24T09:00:00Z",
    "brand": "default",
    "basis": "newsletter, wording of May 2026",
    "form_id": "newsletter-v3",
    "source": "web",
    "proof": "signed",
    "signal": "sig_4ouhzxfrkwvfb5sbqkvyd4s6ka",
    "received_at": "2026-11-24T09:00:00Z",
    "recorded_at": "2026-11-24T09:00:01Z",
}


class ConsentStatement(BaseModel):
    """What somebody said of one purpose (`*`: any contact at all), as evidence: `basis` are the words or the version of them that the
    sender names, `form_id` the form, `at` when it was said, `proof` how its sender was proven. A consent that nobody proved is only
    asked for. `signal` is null for what waited from before the person was known."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_CONSENT]})
    purpose: str
    state: Literal["given", "withdrawn"]
    at: AwareDatetime | None
    brand: str
    basis: str | None = None
    form_id: str | None = None
    source: str | None = None
    proof: Proof | None = None
    signal: str | None = None
    received_at: AwareDatetime | None = None
    recorded_at: AwareDatetime


class ConsentPage(BaseModel):
    """What holds now (`current`: given, withdrawn, or asked_for), and every statement in the order of recording. It stays when the person
    is erased: whether a consent was there has to be shown later, too."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"examples": [{"current": {"email": "withdrawn"}, "statements": [_CONSENT], "next": None}]},
    )
    current: dict[str, str]
    statements: list[ConsentStatement]
    next: int | None = Field(description="Ask again with `after` = this for the next page; null after the last.")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)


class ExportedFact(_Entry):
    """One thing that is known: `source` said it first, in the signal `signal`. Without a signal nobody said it, or the signal is older
    than the history. `proposed`: somebody unproven says so against a proven fact, so nothing goes by it."""

    name: str
    value: str | int | float | bool
    source: str | None = None
    signal: str | None = None
    at: AwareDatetime | None = None
    proof: Proof | None = None
    proposed: bool = False


class ExportedConsent(_Entry):
    """What was said of a purpose last: `given`, `withdrawn`, or `asked_for` where nobody proved it."""

    purpose: str
    state: str
    at: AwareDatetime | None = None


class ExportedLead(_Entry):
    """One record of the person, as it is now. `references` are the ids of the person in other systems."""

    id: str
    brand: str
    created_at: AwareDatetime
    stage: str
    stage_since: AwareDatetime
    disposition: str
    owner: str | None
    source: str
    merged_into: str | None
    suppressed: str | None
    facts: list[ExportedFact]
    consents: list[ExportedConsent]
    tags: list[str]
    attributes: JsonObject
    references: list[JsonObject]


class ExportedSignal(_Entry):
    """Something that somebody told us of the person, word for word, and what came of it."""

    lead: str | None
    signal: str
    source: str | None
    proof: Proof
    kind: str
    mode: Mode
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    recorded_at: AwareDatetime
    outcome: str
    note: str
    facts: JsonObject
    personal: JsonObject | None


class ExportedEvent(_Entry):
    """Something that was decided about the person and told on `topic`."""

    lead: str
    id: str
    type: str
    topic: str
    time: AwareDatetime
    data: JsonObject


class ExportedGiving(_Entry):
    """Somebody outside who was given data of the person: a receiver of webhooks (`receiver`, an event each), a CRM or marketing platform
    (`record`, what is kept there), or people who were alerted (`alert`, with names as they were known then)."""

    lead: str
    by: Literal["receiver", "record", "alert"]
    to: str
    what: str
    state: str
    at: AwareDatetime | None
    attempts: int | None = None
    url: str | None = None


class ExportedWait(_Entry):
    """A signal about the person that was set aside and is not decided on."""

    lead: str
    letter: str
    signal: str | None
    state: str
    reason: str
    recorded_at: AwareDatetime
    facts: JsonObject | None
    personal: JsonObject | None


_LEAD, _AT = "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe", "2026-11-24T09:00:00Z"
_EXAMPLE: JsonObject = {
    "format": "stafett.person-export",
    "version": 1,
    "made_at": _AT,
    "organisation": "nordlys",
    "leads": [
        {
            "id": _LEAD,
            "brand": "default",
            "created_at": _AT,
            "stage": "contact",
            "stage_since": _AT,
            "disposition": "active",
            "owner": None,
            "source": "web",
            "merged_into": None,
            "suppressed": None,
            "facts": [
                {
                    "name": "email",
                    "value": "anna@example.com",
                    "source": "web",
                    "signal": "sig_4ouhzxfrkwvfb5sbqkvyd4s6ka",
                    "at": _AT,
                    "proof": "none",
                    "proposed": False,
                }
            ],
            "consents": [{"purpose": "email", "state": "given", "at": _AT}],
            "tags": [],
            "attributes": {},
            "references": [],
        }
    ],
    "signals": [],
    "events": [],
    "given_to": [
        {
            "lead": _LEAD,
            "by": "receiver",
            "to": "crm",
            "what": "evt_vnz6yz2kbbjlfvvxk2gyzgzxxi",
            "state": "delivered",
            "at": _AT,
            "attempts": 1,
            "url": None,
        }
    ],
    "waiting": [],
    "complete": True,
}


class PersonExport(_Entry):
    """All that is known of one person, with where it came from and who got it."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_EXAMPLE]})
    format: Literal["stafett.person-export"] = "stafett.person-export"
    version: Literal[1] = 1
    made_at: AwareDatetime
    organisation: str
    leads: list[ExportedLead]
    signals: list[ExportedSignal]
    events: list[ExportedEvent]
    given_to: list[ExportedGiving]
    waiting: list[ExportedWait]
    complete: Literal[True] = True


Entry = ExportedLead | ExportedSignal | ExportedEvent | ExportedGiving | ExportedWait
Section = Literal["leads", "signals", "events", "given_to", "waiting"]
SECTIONS: tuple[Section, ...] = ("leads", "signals", "events", "given_to", "waiting")
"""The lists of the file in their order."""
