"""The forum's desk, from the parts."""

from __future__ import annotations

from functools import partial

from services.bootstrap.commands import ruling_now
from services.bootstrap.parts import Parts
from services.forum.desk import ForumDesk


def forum_desk(parts: Parts) -> ForumDesk:
    """One for a process: it keeps reports of weeks that are over."""
    return ForumDesk(parts.stories, parts.forum, ruling=partial(ruling_now, parts), now=parts.now)
