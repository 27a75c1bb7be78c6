"""The report as a mail: subject, text and HTML."""

from __future__ import annotations

from typing import NamedTuple

from routing.forum.figures import Report
from schemas.notify import Language
from services.forum.html import html_of
from services.forum.places import PageLinks
from services.forum.text import text_of
from services.forum.view import view_of


class ReportMail(NamedTuple):
    """One report for one reader's language."""

    subject: str
    text: str
    html: str


def mail_of(report: Report, language: Language, links: PageLinks | None = None) -> ReportMail:
    view = view_of(report, language, links)
    return ReportMail(view.title, text_of(view), html_of(view, for_mail=True))
