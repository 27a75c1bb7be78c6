"""What every marketing sink says: which audiences of ours at the platform a lead is put into, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import StringConstraints, model_validator

from schemas.sinks.base import Sink
from schemas.yamlfile import BrokenAt, FileModel

Mechanism = Literal["list", "segment", "tag", "automation"]
"""What an audience is at the platform. An automation is what others call a campaign, workflow or journey."""
MECHANISMS: tuple[Mechanism, ...] = ("list", "segment", "tag", "automation")
AudienceId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s/?#][^/?#]*$")]
"""The platform's own id; of a tag, its name where the platform knows tags by name."""


class AudienceEntry(FileModel):
    """One audience: exactly one of the four, with its id there."""

    list: AudienceId | None = None
    segment: AudienceId | None = None
    tag: AudienceId | None = None
    automation: AudienceId | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.ids()) != self._count():
            raise ValueError("an audience is one of `list`, `segment`, `tag` and `automation`")
        return self

    def ids(self) -> tuple[tuple[Mechanism, str], ...]:
        """What is named, with its id."""
        ids = ((name, getattr(self, name)) for name in MECHANISMS)
        return tuple((name, ident) for name, ident in ids if ident is not None)

    def _count(self) -> int:
        return 1


class SuppressionEntry(AudienceEntry):
    """The audience that every automated programme leaves out, while a lead's mail has to stop. `hard`: the platform's own unsubscribe
    as well, or alone where no audience is named. `exempt`: for lists whose mail may go on, the audience of those who still get it.
    """

    hard: bool = False
    exempt: dict[str, AudienceEntry] = {}

    def _count(self) -> int:
        return min(1, len(self.ids())) if self.hard else 1


class MarketingSink(Sink):
    """`suppression` says how mail is stopped; without it, it is not. `programmes` and `tracks` are where a lead is while it is nurtured,
    by the agreement's names; `stopped_lists` where it is while the person has left one of your lists. `create`: a person who
    is not known there is made a contact; else nothing happens. `erased`: what becomes of such a contact once the person is erased.
    """

    suppression: SuppressionEntry | None = None
    programmes: dict[str, AudienceEntry] = {}
    tracks: dict[str, AudienceEntry] = {}
    stopped_lists: dict[str, AudienceEntry] = {}
    create: bool = False
    erased: Literal["delete", "leave"] = "delete"
    mechanisms: ClassVar[tuple[Mechanism, ...]] = MECHANISMS
    """What this kind of platform has."""
    has_hard: ClassVar[bool] = True
    """Whether it has an unsubscribe that can be taken back."""
    system: ClassVar[str]
    """The name of the platform in references to a person."""

    @model_validator(mode="after")
    def _can_be_done_there(self) -> Self:
        for place, entry in self.entries():
            for mechanism, _ in entry.ids():
                if mechanism not in self.mechanisms:
                    ours = ", ".join(f"`{name}`" for name in self.mechanisms)
                    raise BrokenAt(f"this platform has no `{mechanism}`; it has {ours}", *place.split("."), mechanism)
        if self.suppression is not None and self.suppression.hard and not self.has_hard:
            raise BrokenAt("this platform has no unsubscribe that can be taken back", "suppression", "hard")
        return self

    @model_validator(mode="after")
    def _means_one_thing_each(self) -> Self:
        meanings: dict[tuple[str, str], str] = {}
        for place, entry in self.entries():
            what = "nurture" if place.startswith(("programmes", "tracks")) else place
            for key in entry.ids():
                if meanings.setdefault(key, what) != what:
                    raise BrokenAt(f"`{key[1]}` is named for something else as well", *place.split("."), key[0])
        return self

    def hard_ids(self) -> tuple[str, ...]:
        """What is unsubscribed from with `hard`: the platform's one subscription has no id."""
        return ("",)

    def entries(self) -> Iterator[tuple[str, AudienceEntry]]:
        """(place in the file, audience) of all that is named."""
        if self.suppression is not None:
            yield "suppression", self.suppression
            yield from ((f"suppression.exempt.{name}", entry) for name, entry in self.suppression.exempt.items())
        yield from ((f"programmes.{name}", entry) for name, entry in self.programmes.items())
        yield from ((f"tracks.{name}", entry) for name, entry in self.tracks.items())
        yield from ((f"stopped_lists.{name}", entry) for name, entry in self.stopped_lists.items())
