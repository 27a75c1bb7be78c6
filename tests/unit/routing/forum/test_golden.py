"""The report of the golden story is the bytes of a file, whichever way the stories come."""

from routing.forum.figures import to_json
from tests.golden_report import REPORT, golden_report


def test_the_report_of_the_golden_story_is_the_same_bytes_as_ever():
    assert to_json(golden_report()) == REPORT.read_bytes()
