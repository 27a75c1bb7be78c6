"""What one version says otherwise than another, in sentences: what is said no more, and what is said now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.console.agreement.items import Item
from services.console.agreement.sections import Section


class Change(NamedTuple):
    """One thing that is said otherwise. `gone` is said no more, `new` is said from then on; both are empty where only the order of what is
    said is another."""

    section: str
    title: str
    gone: Sequence[str]
    new: Sequence[str]


def changes_between(before: Sequence[Section], after: Sequence[Section]) -> list[Change]:
    """In the order of the sections, things that are gone last."""
    old = {section.key: section for section in before}
    new = {section.key: section for section in after}
    keys = [*new, *(key for key in old if key not in new)]
    return [change for key in keys for change in _in_section(old.get(key), new.get(key))]


def _in_section(before: Section | None, after: Section | None) -> Iterator[Change]:
    title = after.title if after is not None else before.title if before is not None else ""
    old = {item.key: item for item in before.items} if before is not None else {}
    new = {item.key: item for item in after.items} if after is not None else {}
    for key in [*new, *(key for key in old if key not in new)]:
        was, now = old.get(key), new.get(key)
        if was != now:
            yield _change(title, was, now)


def _change(section: str, before: Item | None, after: Item | None) -> Change:
    named = after or before
    old, new = (list(item.lines) if item is not None else [] for item in (before, after))
    return Change(
        section=section,
        title=named.title if named is not None else "",
        gone=[line for line in old if line not in new],
        new=[line for line in new if line not in old],
    )
