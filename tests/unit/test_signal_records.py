"""How a signal stands on the log."""

import json

import pytest

from schemas.signals import Company
from services.rows import Record
from services.signal_records import decode
from tests.setups import record, signal


def test_what_is_absent_may_be_written_as_null():
    said = signal(1, "form.submitted", company=Company(name="Bolag"))
    written = json.dumps(said.plain(), separators=(",", ":"))
    assert '"employees":null' in written
    assert decode(Record("t", 0, 0, b"", written.encode())).signal == said


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_number_in_json_is_set_aside(number):
    whole = record(signal(1, "form.submitted", fields={"size": 1}), "t").value
    found = decode(Record("t", 0, 0, b"k", whole.replace(b'"size":1', b'"size":' + number)))
    assert found.signal is None and found.fault == "$: no JSON"
