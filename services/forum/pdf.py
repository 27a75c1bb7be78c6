"""The report as PDF, tagged for those who have it read aloud (PDF/UA-1), by typst: one wheel with its fonts, in the extra `pdf`."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.util import find_spec

from services.forum.view import ReportView


class PdfMissing(Exception):
    """What makes PDFs is not installed."""

    def __init__(self) -> None:
        super().__init__("PDF needs typst, which is not installed: pip install 'stafett[pdf]'")


def can_make_pdf() -> bool:
    """Whether what makes PDFs is installed."""
    return find_spec("typst") is not None


def pdf_of(view: ReportView) -> bytes:
    """The same bytes for the same view. Raises PdfMissing. What senders wrote is data to the template, never part of it."""
    try:
        import typst
    except ImportError as error:
        raise PdfMissing from error
    template = files("services.forum").joinpath("templates", "report.typ").read_bytes()
    return typst.compile(
        template,
        format="pdf",
        sys_inputs={"view": json.dumps(_plain(view))},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
    )


def _plain(view: ReportView) -> object:
    sections = [
        {"heading": section.heading, "tables": [table._asdict() for table in section.tables]}
        for section in view.sections
    ]
    return {**view._asdict(), "sections": sections}
