"""What all platforms answer alike."""

from datetime import timedelta

import pytest

from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble
from services.sinks.platforms.answers import object_in, raise_if_busy, rows_in


@pytest.mark.parametrize(
    ("status", "body", "of_read", "of_write"),
    [
        (429, b"{}", "throttled", "throttled"),
        (408, b"{}", "transient", "unknown"),
        (500, b"{}", "transient", "unknown"),
        (502, b"<html>", "transient", "unknown"),
        (401, b"<html>", "refused_setup", "refused_setup"),
        (403, b"<html>", "throttled", "throttled"),
        (404, b"<html>", "refused_setup", "refused_setup"),
    ],
)
def test_what_is_nobodys_word_is_judged_by_its_status(status, body, of_read, of_write):
    for is_write, kind in ((False, of_read), (True, of_write)):
        with pytest.raises(Trouble) as caught:
            raise_if_busy(Reply(status, {}, body), is_write=is_write)
        assert caught.value.kind == kind


@pytest.mark.parametrize("status", [200, 204, 400, 403, 404, 422])
def test_what_has_a_body_of_theirs_is_left_to_their_file(status):
    raise_if_busy(Reply(status, {}, b"{}"), is_write=True)


@pytest.mark.parametrize(
    ("header", "wait"),
    [("30", timedelta(seconds=30)), ("99999", timedelta(hours=1)), ("soon", None), ("9" * 400, None), ("", None)],
)
def test_a_wait_is_read_and_bounded(header, wait):
    with pytest.raises(Trouble) as caught:
        raise_if_busy(Reply(429, {"retry-after": header}, b""), is_write=False)
    assert caught.value.wait == wait


def test_an_empty_map_that_is_written_as_a_list_has_no_rows():
    assert rows_in([]) == [] and rows_in({"3": {"id": 3}}) == [{"id": 3}] and rows_in(None) == []
    assert object_in(Reply(200, {}, b"[]")) is None
