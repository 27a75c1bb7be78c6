"""The report as one HTML page that loads nothing: for a browser, for paper, and without charts and styles for mail."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.forum.view import ReportView


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("services.forum"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def html_of(view: ReportView, *, for_mail: bool = False) -> str:
    """What senders and people wrote is escaped; the charts are ours."""
    return _environment().get_template("report.html").render(view=view, mail=for_mail)
