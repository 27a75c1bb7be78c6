"""Ratios to the bare baseline, held against those of a recorded run: machines differ, and what a baseline does on the same one at the same time says by how much.

Only rates are held: of a wait a median of few rounds says little. A loss is measured once more before it is believed, since other work on the machine makes one too."""

import json
import statistics
from pathlib import Path
from typing import NamedTuple

RECORDED = Path(__file__).with_name("recorded.json")
LOSS = 0.10
"""Of the recorded ratio; a greater one is a loss."""
FORMS = ("quick", "full")


class Compared(NamedTuple):
    """One row's median ratio, as it was recorded and as it is."""

    name: str
    before: float
    now: float

    @property
    def is_lost(self):
        return self.now < self.before * (1 - LOSS)

    def line(self):
        said = "LOST" if self.is_lost else "kept"
        return f"{said}  {self.before:.3f} -> {self.now:.3f}  ({self.now / self.before - 1:+.0%})  {self.name}"


def ratios(rows):
    """{name: median of the ratios of its rounds} of rates that have a baseline."""
    rates = [row for row in rows if row.bare and row.unit.endswith("/s")]
    return {
        row.name: round(statistics.median(ours / bare for ours, bare in zip(row.ours, row.bare, strict=True)), 4)
        for row in rates
    }


def compare(recorded, measured):
    """Of the rows that both have. Raises ValueError where none is: then nothing was held."""
    both = [Compared(name, recorded[name], measured[name]) for name in recorded if name in measured]
    if not both:
        raise ValueError("no measured row is among the recorded ones")
    return both


def read_recorded(form, path=RECORDED):
    """{name: ratio} of the rounds of that form. Raises ValueError where the file has none of it."""
    recorded = json.loads(path.read_text("utf-8"))
    if not (rows := recorded.get(form)):
        raise ValueError(f"{path.name} has no ratios of the {form} form: record some with --record")
    return rows


def record(form, measured, path=RECORDED):
    """Puts these rows in the place of those of the same names; the others stay."""
    recorded = json.loads(path.read_text("utf-8")) if path.exists() else {}
    recorded[form] = dict(sorted((recorded.get(form, {}) | measured).items()))
    path.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", "utf-8")


async def lost_rows(form, rows, measure_again, path=RECORDED):
    """Prints each comparison; the names of rows that lost twice. `measure_again` gives the rows of the parts once more."""
    recorded = read_recorded(form, path)
    lost = _find_losses(recorded, ratios(rows))
    if not lost:
        return []
    print(f"\n{len(lost)} lost: measured once more", flush=True)
    again = _find_losses(recorded, ratios(await measure_again(lost)))
    return sorted(lost & again)


def _find_losses(recorded, measured):
    compared = compare(recorded, measured)
    print("\n".join(["", "--- beside the recorded run", *(one.line() for one in compared)]), flush=True)
    return {one.name for one in compared if one.is_lost}
