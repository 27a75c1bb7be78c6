"""What is wrong with a sink before anybody calls: what its own entry says twice, in vain or of nobody. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from schemas.json_values import JsonValue
from schemas.sinks import CrmSink, ValueName
from schemas.sinks.vendors import AnySink
from schemas.words import probably
from services.sinks.reconciling.sightings import Reader
from services.sinks.records import Key, Wanted
from services.sinks.vendor import Vendor
from services.sinks.vendors.registry import USUAL

CLOCKS = timedelta(seconds=30)
"""How far their clock may be from ours; an answer says it to the second and takes some on its way."""
MappedKind = Literal["contact", "company", "opportunity"]
OWN_VALUES: Mapping[MappedKind, tuple[ValueName, ...]] = {
    "contact": ("email", "first_name", "last_name", "full_name", "phone"),
    "company": ("name", "domain"),
    "opportunity": ("name", "owner", "stage", "due_at"),
}
"""What a sink writes by itself, of the kinds whose other fields are mapped."""
_SAMPLES: Mapping[str, JsonValue] = {
    "email": "a@b.example",
    "domain": "b.example",
    "owner": "1",
    "stage": "1",
    "due_at": "2026-01-01T00:00:00.000000Z",
}


class Person(NamedTuple):
    """Somebody who may be given a lead, and their id at the vendor; None where the roster has none."""

    name: str
    vendor_id: str | None


def entry_problems(sink: AnySink, vendor: Vendor, brands: Iterable[str]) -> Iterator[str]:
    """A line for each; `brands` are those of the agreement."""
    kinds: tuple[MappedKind, ...] = ("contact", "company", "opportunity")
    own = {kind: _own_fields(sink, vendor, kind) for kind in kinds}
    for kind in kinds:
        for name in sorted(own[kind] & getattr(sink.fields, kind).keys()):
            yield f"fields.{kind}.{name}: the sink writes it by itself, so it would be written twice; take it out"
    mapped = {*sink.fields.contact, *sink.fields.company}
    ours = {*OWN_VALUES["contact"], *OWN_VALUES["company"], *mapped, *own["contact"], *own["company"]}
    for name in sink.owns:
        if name not in ours:
            near = probably(name, sorted(ours))
            yield f"owns: `{name}` is no field of a contact or a company that is written{near}"
    agreed = sorted(brands)
    for brand in sink.brands:
        if brand not in agreed:
            yield f"brands: `{brand}` is no brand of the agreement ({', '.join(agreed)})"
    if sink.limits.burst is not None and sink.limits.window is None and USUAL[sink.kind].window is None:
        yield "limits: `burst` needs `window`, the time in which so many calls are allowed, as 10s"
    if sink.reconcile is not None and not isinstance(vendor, Reader):
        yield f"reconcile: what sales does in {sink.kind} cannot be read back yet; take it out, and let its webhooks tell"
    if not any(sink.stages.model_dump().values()):
        yield "stages: none is named, so nobody sees at the opportunity where the hand-over stands; name `offered` at least"


def people_problems(people: Iterable[Person], system: str) -> Iterator[str]:
    """A line for each who may be given a lead and has no id there."""
    for person in people:
        if person.vendor_id is None:
            yield f"roster: {person.name} has no id there; write `ids: {{{system}: ...}}` at the person"


def user_problems(sink: CrmSink, user: str) -> Iterator[str]:
    """`user` is who the vendor says that we are."""
    if sink.user is None:
        if sink.source is not None:
            yield f'user: write `user: "{user}"`, else our own writes would come back as somebody\'s work'
    elif sink.user != user:
        yield f'user: the vendor says that we are `{user}`, not `{sink.user}`; write `user: "{user}"`, or give the secret of that user'


def clock_problems(offset: timedelta | None) -> Iterator[str]:
    """`offset` is how far our clock is ahead of the vendor's, None where it does not say."""
    if offset is None or abs(offset) <= CLOCKS:
        return
    seconds, way = int(abs(offset).total_seconds()), "ahead of" if offset > timedelta(0) else "behind"
    yield (
        f"clock: ours is {seconds} seconds {way} theirs, so instants that are compared would be wrong; have both follow a time server "
        "(ours is that of the store)"
    )


def _own_fields(sink: CrmSink, vendor: Vendor, kind: MappedKind) -> frozenset[str]:
    """The vendor's names of what is written by itself."""
    names = [*OWN_VALUES[kind], *(("owner",) if kind == "contact" and sink.set_contact_owner else ())]
    values: dict[ValueName, JsonValue] = {name: _SAMPLES.get(name, "x") for name in names}
    return frozenset(vendor.render(Wanted(Key(kind, "x"), values)))
