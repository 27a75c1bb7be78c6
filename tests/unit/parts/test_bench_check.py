"""What `make bench-check` calls a loss."""

import json

import pytest

from tests.bench import check
from tests.bench.table import Row


def row(name, *ratios, unit="signals/s"):
    return Row(name, unit, [100 * ratio for ratio in ratios], [100.0] * len(ratios))


@pytest.fixture
def record_file(tmp_path):
    path = tmp_path / "recorded.json"
    check.record("quick", {"drain": 0.5, "intake": 0.2}, path)
    return path


async def never(names):
    raise AssertionError(f"measured again: {names}")


def test_only_rates_with_a_baseline_are_held_by_the_median_of_their_rounds():
    rows = [row("drain", 0.2, 0.6, 0.5), row("intake, p99", 0.1, unit="ms"), Row("relay drain", "events/s", [9.0])]
    assert check.ratios(rows) == {"drain": 0.5}


async def test_a_tenth_less_than_recorded_is_kept(record_file):
    assert await check.lost_rows("quick", [row("drain", 0.451)], never, record_file) == []


async def test_what_lost_more_than_a_tenth_twice_is_lost(record_file):
    async def again(names):
        assert names == {"drain"}
        return [row("drain", 0.44)]

    assert await check.lost_rows("quick", [row("drain", 0.44), row("intake", 0.2)], again, record_file) == ["drain"]


async def test_what_lost_once_and_not_again_is_kept(record_file):
    async def again(names):
        return [row("drain", 0.5), row("intake", 0.1)]

    assert await check.lost_rows("quick", [row("drain", 0.3), row("intake", 0.2)], again, record_file) == []


async def test_a_run_of_which_nothing_is_recorded_holds_nothing_and_says_so(record_file):
    with pytest.raises(ValueError, match="no measured row is among the recorded ones"):
        await check.lost_rows("quick", [row("another", 0.5)], never, record_file)
    with pytest.raises(ValueError, match="no ratios of the full form"):
        await check.lost_rows("full", [row("drain", 0.5)], never, record_file)


def test_to_record_some_rows_leaves_the_others(record_file):
    check.record("quick", {"drain": 0.6}, record_file)
    check.record("full", {"drain": 0.7}, record_file)
    assert json.loads(record_file.read_text()) == {"quick": {"drain": 0.6, "intake": 0.2}, "full": {"drain": 0.7}}
