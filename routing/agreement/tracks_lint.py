"""What an agreement says of its nurturing tracks that can never come true, or that nobody could ever leave."""

from __future__ import annotations

from collections.abc import Iterator

from routing.agreement.expressions import compile_expression
from routing.lifecycle import TABLE
from schemas.agreement import Nurturing, NurturingTrack, OwnTrack
from schemas.events import Track
from schemas.words import plain

Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str]]


def tracks_that_cannot(nurturing: Nurturing, track: Track) -> Found:
    """Of one of the three tracks, and of those of one's own within it. Asked where all expressions compile."""
    taken: dict[str, str] = {}
    """Reasons that a track of one's own takes whoever comes: {reason: that track}."""
    before: str | None = None
    for name, own in nurturing.tracks.items():
        if own.within != track:
            continue
        path = ("nurturing", "tracks", name)
        if before is not None:
            yield (
                path,
                f"nobody comes here: `{before}` before it takes everybody; put it first, or say `reasons` or `when`",
            )
        yield from _own(path, own, taken)
        yield from _entry(path, own, track, {})
        if compile_expression(own.when).constant is True:
            taken |= {plain(reason): name for reason in own.reasons if plain(reason) not in taken}
            before = before if own.reasons else before or name
    # A track of one's own without programmes has those of the track that it is within.
    elsewhere = {reason: name for reason, name in taken.items() if nurturing.tracks[name].entry}
    yield from _entry(("nurturing", track), nurturing.track(track), track, elsewhere)


def _own(path: Path, own: OwnTrack, taken: dict[str, str]) -> Found:
    if compile_expression(own.when).constant is False:
        yield (*path, "when"), "can never hold, so nobody would be on the track"
    for i, reason in enumerate(own.reasons):
        yield from _reason((*path, "reasons", i), reason, own.within, taken)


def _entry(path: Path, track: NurturingTrack, within: Track, taken: dict[str, str]) -> Found:
    if track.exit is not None and track.wake is None and compile_expression(track.exit).constant is False:
        yield (
            (*path, "exit"),
            "can never be met, so nobody would leave the track; leave it out for `engaged`, or say `wake`",
        )
    seen = dict(taken)
    for i, programme in enumerate(track.entry):
        if (
            programme.exit is not None
            and programme.wake is None
            and compile_expression(programme.exit).constant is False
        ):
            yield (*path, "entry", i, "exit"), "can never be met, so nobody would leave it"
        for j, reason in enumerate(programme.reasons):
            yield from _reason((*path, "entry", i, "reasons", j), reason, within, seen)
            seen.setdefault(plain(reason), programme.name)
    names = [programme.name for programme in track.entry]
    if len(names) != len(set(names)):
        yield (*path, "entry"), "two programmes have the same name; leads are on the programme by its name"


def _reason(path: Path, reason: str, within: Track, taken: dict[str, str]) -> Found:
    facts = _facts_to(within)
    elsewhere = {plain(fact) for row in TABLE for fact in row.facts} - facts
    if plain(reason) in elsewhere:
        yield path, f"`{reason}` never leads to {within}; it has {', '.join(sorted(facts))}"
    elif plain(reason) in taken:
        yield path, f"`{reason}` leads to `{taken[plain(reason)]}` already; say it once"


def _facts_to(track: Track) -> set[str]:
    return {plain(fact) for row in TABLE if row.track == track for fact in row.facts}
