"""The forum's desk and its mail, from the parts."""

from __future__ import annotations

from collections.abc import Mapping

from services.alerts.channels.email import EmailSender
from services.alerts.channels.sender import Sender
from services.alerts.forum_mail import ForumMail
from services.bootstrap.commands import ruling_of_now
from services.bootstrap.forum_apart import OtherProcess
from services.bootstrap.parts import Parts
from services.forum.desk import ForumDesk


def forum_desk(parts: Parts) -> ForumDesk:
    """One for a process: it keeps reports of weeks that are over. What takes long is done in a process of its own."""
    apart = OtherProcess(parts.settings.database_url, parts.settings.path(parts.settings.files.agreement))
    ruling, public_url = ruling_of_now(parts), parts.settings.http.public_url
    return ForumDesk(parts.stories, parts.forum, ruling=ruling, now=parts.now, public_url=public_url, apart=apart)


def forum_mail(parts: Parts, senders: Mapping[str, Sender]) -> ForumMail:
    """Through those of the channels that are of mail."""
    channels = {name: sender for name, sender in senders.items() if isinstance(sender, EmailSender)}
    desk, ruling = forum_desk(parts), ruling_of_now(parts)
    return ForumMail(desk, parts.forum, channels, ruling=ruling, now=parts.now)
