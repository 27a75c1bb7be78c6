"""Keeping in touch, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from schemas.agreement import AgreementFile, NurturingTrack, OwnTrack
from schemas.events import Track
from schemas.words import reason_key
from services.console.agreement.conditions import condition_text, is_always
from services.console.agreement.items import Item
from services.console.language.reader import Reader
from services.console.language.vocabulary import plain, track_name
from services.console.language.words import mark

_REASONS: Mapping[str, str] = {
    "not_now": mark("now is not the time"),
    "rejected": mark("sales gave them back"),
    "returned": mark("sales gave them back from a deal"),
    "lost": mark("the deal was lost"),
    "cold": mark("nobody could be reached"),
    "offers_exhausted": mark("nobody was left to offer them to"),
    "taken_back": mark("they were taken back after a broken promise"),
    "contact_deleted": mark("they were removed from the CRM"),
    "won": mark("they became a customer"),
}
"""Reasons of the process itself; others are the words in which sales gave a lead back."""


def track_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """One for each track."""
    for name, track in file.nurturing.all.items():
        title = track_name(name, reader) if name in get_args(Track) else plain(name)
        yield Item(name, title[:1].upper() + title[1:], list(_track_lines(track, reader)))


def _track_lines(track: NurturingTrack, reader: Reader) -> Iterator[str]:
    yield track.purpose
    if isinstance(track, OwnTrack):
        yield reader.say("It is within “%(track)s”.", track=track_name(track.within, reader))
        if track.reasons:
            yield reader.say("For these reasons: %(reasons)s.", reasons=_reasons_text(track.reasons, reader))
        if not is_always(track.when):
            yield reader.say("For leads when %(condition)s.", condition=condition_text(track.when, reader))
    for programme in track.entry:
        reasons = _reasons_text(programme.reasons, reader)
        text = reader.say(
            "%(name)s is for those who come because of: %(reasons)s.", name=plain(programme.name), reasons=reasons
        )
        parts = [text, *([programme.purpose] if programme.purpose else [])]
        if programme.exit is not None:
            parts.append(
                reader.say("They leave it when %(condition)s.", condition=condition_text(programme.exit, reader))
            )
        if programme.wake is not None:
            parts.append(
                reader.say(
                    "They leave it after %(length)s in any case.", length=reader.length(programme.wake.total_seconds())
                )
            )
        yield " ".join(parts)
    if track.exit is not None:
        yield reader.say("They leave it when %(condition)s.", condition=condition_text(track.exit, reader))
    else:
        yield reader.say("They leave it when they are engaged again.")
    if track.wake is not None:
        yield reader.say(
            "They leave it after %(length)s in any case.", length=reader.length(track.wake.total_seconds())
        )


def _reasons_text(reasons: Sequence[str], reader: Reader) -> str:
    texts = (_REASONS.get(reason_key(reason)) for reason in reasons)
    said = [
        reader.say(text) if text is not None else plain(reason) for text, reason in zip(texts, reasons, strict=True)
    ]
    return ", ".join(said)
