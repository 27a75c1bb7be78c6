"""When a look into a SQLite file may be spared, and when it may not."""

import os
import time

import pytest

from services.adapters.sql import stillness as module
from services.adapters.sql.stillness import LONGEST, SETTLED, Stillness


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "stafett.db"
    write(path, age=2 * SETTLED)
    return path


def write(path, age=0, body=b"x"):
    log = path.with_name(f"{path.name}-wal")
    log.write_bytes(body)
    at = time.time_ns() - age
    os.utime(log, ns=(at, at))


def look_in_vain(still, place="outbox"):
    still.note(place, still.stamp(), found=False)


def test_what_was_looked_at_in_vain_is_still_until_something_is_written(file):
    still = Stillness(file)
    assert not still.is_still("outbox")
    look_in_vain(still)
    assert still.is_still("outbox") and not still.is_still("spool")
    write(file, age=2 * SETTLED + 1_000_000)
    assert not still.is_still("outbox")


def test_more_bytes_of_one_instant_are_a_change(file):
    still = Stillness(file)
    look_in_vain(still)
    log = file.with_name(f"{file.name}-wal")
    at = log.stat().st_mtime_ns
    log.write_bytes(b"xy")
    os.utime(log, ns=(at, at))
    assert not still.is_still("outbox")


def test_what_changed_just_now_may_change_again_within_the_same_instant(file):
    still = Stillness(file)
    write(file)
    look_in_vain(still)
    assert still.stamp() is None and not still.is_still("outbox")


def test_a_time_in_the_future_is_not_relied_on(file):
    write(file, age=-3_600_000_000_000)
    still = Stillness(file)
    look_in_vain(still)
    assert not still.is_still("outbox")


def test_where_something_was_found_it_is_looked_again(file):
    still = Stillness(file)
    look_in_vain(still)
    still.note("outbox", still.stamp(), found=True)
    assert not still.is_still("outbox")


def test_another_question_is_asked_anew(file):
    still = Stillness(file)
    look_in_vain(still)
    still.forget("outbox")
    assert not still.is_still("outbox")


def test_it_is_looked_again_after_a_while_whatever_the_file_says(file, monkeypatch):
    still, begun = Stillness(file), time.monotonic()
    look_in_vain(still)
    monkeypatch.setattr(module.time, "monotonic", lambda: begun + 2 * LONGEST)
    assert not still.is_still("outbox")


@pytest.mark.parametrize("path", [None, "nowhere/stafett.db"])
def test_nothing_is_still_where_there_is_no_such_file(tmp_path, path):
    still = Stillness(tmp_path / path if path else None)
    look_in_vain(still)
    assert not still.is_still("outbox")
