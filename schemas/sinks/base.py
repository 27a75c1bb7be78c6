"""What every sink says: where it is, how much of it we may use; and what a CRM's sink says beside that."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from schemas.duration import Window
from schemas.sinks.mapping import FieldRules
from schemas.words import Name
from schemas.yamlfile import BrokenAt, FileModel

RecordKind = Literal["contact", "company", "opportunity", "note", "task"]
"""What a hand-over is made of in a CRM."""
KeptKind = RecordKind | Literal["membership", "touches"]
"""What is kept of a CRM, and of a marketing platform: a contact's being in an audience, which `before` tells of. `touches` is no record
of theirs: what a lead did and what its note does not hold yet."""
RECORD_KINDS: tuple[RecordKind, ...] = get_args(RecordKind)
KEPT_KINDS: tuple[KeptKind, ...] = (*RECORD_KINDS, "membership", "touches")
RecordState = Literal["making", "present", "gone", "erased"]
"""`making`: a create left, or was about to, and how it ended is not known yet. `erased`: the person was taken out of it."""
StepState = Literal["sending", "done", "planned", "skipped", "waiting", "refused"]
"""`planned`: it would have been written, were the sink live. `waiting`: trouble that passes. `refused`: trouble that somebody has to
end."""
ValueName = Literal[
    "email",
    "first_name",
    "last_name",
    "full_name",
    "phone",
    "name",
    "domain",
    "owner",
    "stage",
    "due_at",
    "text",
    "subject",
    "state",
    "priority",
]
"""What a sink writes by itself. `owner` is the vendor's id of a user, `stage` the vendor's id of a stage, `due_at` an instant (RFC
3339), `state` of a task `open`, `done` or `cancelled`, `priority` `normal` or `high`."""
SinkMode = Literal["check", "dry_run", "live"]
"""`check`: nothing is called, plans are shown. `dry_run`: it looks up, and shows what it would write. `live`: it writes."""
HandoverStage = Literal["offered", "accepted", "returned", "won", "lost"]
"""Where a hand-over stands, as far as a CRM is told."""


class Stages(FileModel):
    """The ids of the vendor's stages. A stage that is not named is not set."""

    offered: str | None = None
    accepted: str | None = None
    returned: str | None = None
    won: str | None = None
    lost: str | None = None

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Stages:
        meanings: dict[str, str] = {}
        for ours, theirs in self.model_dump(exclude_none=True).items():
            if theirs in meanings:
                rule = f"is the stage of `{meanings[theirs]}` as well, so what stands there would mean both"
                raise BrokenAt(f"`{theirs}` {rule}", ours)
            meanings[theirs] = ours
        return self

    def meaning(self, stage: str | None) -> HandoverStage | None:
        """Ours of one of theirs; None for a stage that is sales' own."""
        names: tuple[HandoverStage, ...] = ("offered", "accepted", "returned", "won", "lost")
        return next((name for name in names if stage is not None and getattr(self, name) == stage), None)


class TaskSettings(FileModel):
    """The task for the owner. `type` is the vendor's own type of task; `due`: the instant by which the follow-up is promised, or
    by which the offer has to be answered. `high_from`: from which on its priority is high, the warning of a promise or its breach."""

    type: Annotated[str, Field(max_length=100)] | None = None
    due: Literal["follow_up", "expires_at"] = "follow_up"
    high_from: Literal["warning", "breach", "never"] = "warning"


class NoteSettings(FileModel):
    """The dossier as a note: its language and how many characters it has at most. `touches`: what the lead did while somebody owned it
    is a note beside it."""

    language: Literal["en", "sv"] = "en"
    longest: Annotated[int, Field(ge=500, le=65_000)] = 20_000
    touches: bool = True


class Limits(FileModel):
    """How much of the vendor's allowance we use: `burst` calls in each `window`, and of `per_day` calls or tokens the share
    `day_share`, since others use the rest. What is left out is the vendor's usual limit, or none."""

    burst: Annotated[int, Field(ge=1, le=100_000)] | None = None
    window: Window | None = None
    per_day: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    day_share: Annotated[float, Field(gt=0, le=1)] = 0.5


class Reconcile(FileModel):
    """What sales does there, read back: `every` so long what has changed, from `overlap` before the first look on; each
    `audit_every` all open hand-overs are compared. `follow_ups`: the vendor's types of steps that keep a promise; all, where
    it is left out."""

    every: Window = timedelta(minutes=10)
    overlap: Window = timedelta(minutes=5)
    audit_every: Window = timedelta(days=1)
    follow_ups: tuple[str, ...] = ()


class Sink(FileModel):
    """`source` is the name of the source whose webhooks come from there: ids are learned for it, and what `user` does there is our
    own, as is what `app` does, the id or name of our app where its webhooks say which one wrote. `brands`: only events of these."""

    name: Name
    mode: SinkMode = "dry_run"
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)]
    source: Name | None = None
    user: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    app: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    brands: tuple[str, ...] = ()
    limits: Limits = Limits()
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    timeout_seconds: Annotated[float, Field(ge=1, le=120)] = 30.0
    allow_private: bool = False

    @field_validator("base_url")
    @classmethod
    def _has_host(cls, value: str) -> str:
        if not urlsplit(value).hostname:
            raise ValueError("a URL has a host")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _private_only_where_allowed(self) -> Self:
        if self.base_url.startswith("http://") and not self.allow_private:
            raise ValueError("use https; plain http is for private addresses only, with `allow_private: true`")
        return self

    @property
    def target(self) -> str:
        """Its name among those who get events."""
        return f"sink/{self.name}"


class CrmSink(Sink):
    """`owner_ids` is the name under which the roster has people's ids there; without it, the kind's name.

    `when` is the condition under which a hand-over is taken, in CEL over its facts. `owns` are fields of contacts and companies, ours or theirs, that we overwrite; all others are filled where they are
    blank. `company`: companies are found or made by their domain. `reconcile`: what sales does there is read back, as signals of
    `source`. `webhooks`: whether that vendor's list of webhooks is looked at, where it has one; false where none are meant to come.
    `erased`: what becomes of records once the person is erased here: those that we made are deleted, or emptied of the person, or left;
    of those that others made only what we wrote into them is taken out.
    """

    owner_ids: Name | None = None
    when: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    stages: Stages = Stages()
    fields: FieldRules = FieldRules()
    owns: tuple[str, ...] = ()
    company: bool = True
    set_contact_owner: bool = False
    erased: Literal["delete", "clear", "leave"] = "clear"
    task: TaskSettings = TaskSettings()
    note: NoteSettings = NoteSettings()
    reconcile: Reconcile | None = None
    webhooks: bool = True

    @model_validator(mode="after")
    def _is_read_for_a_source(self) -> Self:
        if self.reconcile is not None and self.source is None:
            raise ValueError("`reconcile` needs `source`, whose signals are what is read back")
        if self.reconcile is not None and self.stages.accepted is not None and self.stages.offered is None:
            raise ValueError(
                "`reconcile` with `accepted` among the stages needs `offered`: else a second offer reads as accepted"
            )
        return self
