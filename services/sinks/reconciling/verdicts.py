"""How a hand-over of ours and its opportunity there compare. Pure."""

from __future__ import annotations

from typing import Literal

from services.sinks.reconciling.facts import OurSide, Words, facts_of_sighting, may_write_again
from services.sinks.reconciling.sightings import Sighting

Comparison = Literal["agrees", "theirs_is_newer", "ours_is_newer", "both_changed", "missing", "closed_without_us"]
"""`theirs_is_newer`: somebody there did what we have not heard of. `ours_is_newer`: we wrote last, and it is not there.
`both_changed`: events of ours wait for this sink while somebody changed it there, or somebody gave it, after us, to an owner that the
roster does not know. `missing`: the opportunity is gone."""


def compare(seen: Sighting | None, ours: OurSide, words: Words) -> Comparison:
    """Which of the two has something that the other has not."""
    if seen is None:
        return "missing"
    is_news = next(facts_of_sighting(seen, ours, words), None) is not None
    if seen.outcome is not None and ours.is_open:
        return "closed_without_us"
    if is_news:
        return "both_changed" if ours.is_waiting else "theirs_is_newer"
    differs = ours.is_open and words.person(seen.owner) != ours.lead.owner
    if not differs or ours.is_waiting:
        return "agrees"
    return "ours_is_newer" if may_write_again(seen, ours, words) else "both_changed"
