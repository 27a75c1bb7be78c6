"""The report as bytes in each format: on a terminal, in a file, and as a download from the page."""

from __future__ import annotations

from typing import Literal, assert_never, get_args

from routing.forum.figures import Report, to_json
from schemas.notify import Language
from services.forum.html import html_of
from services.forum.pdf import pdf_of
from services.forum.places import PageLinks
from services.forum.rows import csv_of
from services.forum.text import text_of
from services.forum.view import view_of

Format = Literal["text", "html", "json", "csv", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render_report(report: Report, form: Format, language: Language, links: PageLinks | None = None) -> bytes:
    """The same bytes for the same report and the same page; JSON and CSV are of no language. Raises PdfMissing."""
    match form:
        case "json":
            return to_json(report)
        case "csv":
            return csv_of(report).encode()
        case "text":
            return text_of(view_of(report, language, links)).encode()
        case "html":
            return html_of(view_of(report, language, links)).encode()
        case "pdf":
            return pdf_of(view_of(report, language, links))
        case _:
            assert_never(form)


def media_type(form: Format) -> str:
    """As HTTP names it."""
    match form:
        case "json":
            return "application/json"
        case "csv":
            return "text/csv; charset=utf-8"
        case "text":
            return "text/plain; charset=utf-8"
        case "html":
            return "text/html; charset=utf-8"
        case "pdf":
            return "application/pdf"
        case _:
            assert_never(form)
