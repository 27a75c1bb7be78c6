"""The forum's report of the story in `golden_story.py`, kept in a file that the code is compared with.

`make golden` writes it again: read the difference before it is committed.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from routing.forum.entries import EntryRecord
from routing.forum.figures import to_json
from routing.forum.frame import frame_of
from routing.forum.report import report_of
from routing.forum.story import Story, read_event
from schemas.forum import Action, Lesson
from tests.forum import agreement
from tests.golden_story import expected_events

REPORT = Path(__file__).parent / "golden" / "report.json"
NOW = datetime(2026, 12, 31, tzinfo=UTC)


def golden_stories():
    """By subject, from the bytes of the events."""
    found = {}
    for text in expected_events():
        found.setdefault(json.loads(text)["subject"], []).append(read_event(text))
    return [Story(subject, tuple(events)) for subject, events in sorted(found.items())]


def golden_entries():
    at = datetime(2026, 11, 27, 15, tzinfo=UTC)
    action = Action(what="Ask Cia which day suits her", who="elin", by="2026-11-30")
    lesson = Lesson(about="content", name="demo", words="Who asks for a demonstration wants to see prices first.")
    return [EntryRecord("ent_a", action, "maja", at), EntryRecord("ent_b", lesson, "lena", at)]


def golden_report():
    return report_of(golden_stories(), frame_of(agreement(), "2026-W48", NOW), golden_entries())


if __name__ == "__main__":
    REPORT.write_bytes(to_json(golden_report()))
