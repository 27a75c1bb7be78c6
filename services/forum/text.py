"""The report as plain text: for a terminal, and for readers whose mail shows no HTML."""

from __future__ import annotations

from io import StringIO

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.forum.view import ReportView, TableView

WIDTH = 120


def text_of(view: ReportView) -> str:
    """As wide as a terminal usually is; longer names are folded."""
    sentence, address = view.page
    lines = [view.title, *view.lines, *([f"{sentence}: {address}"] if address else []), ""]
    for section in view.sections:
        lines += [section.heading, "=" * len(section.heading), ""]
        for table in section.tables:
            lines += [table.heading, *(_lines_of(table) if table.rows else [f"  {view.nothing}"]), ""]
    return "\n".join(lines)


def _lines_of(view: TableView) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=WIDTH, no_color=True, force_terminal=False, legacy_windows=False)
    table = Table(box=SIMPLE, show_edge=False, pad_edge=True)
    for number, name in enumerate(view.head):
        table.add_column(Text(name), justify="left" if number < view.wide else "right", overflow="fold")
    for row in view.rows:
        table.add_row(*map(Text, row))
    console.print(table)
    lines = [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]
    return [*lines, f"  {view.more}"] if view.more else lines
