"""How a signal stands on the log."""

from schemas.signals import Company
from services.rows import Record
from services.signal_records import decode
from tests.setups import signal


def test_what_is_absent_may_be_written_as_null():
    said = signal(1, "form.submitted", company=Company(name="Bolag"))
    written = said.model_dump_json(by_alias=True)
    assert '"employees":null' in written
    assert decode(Record("t", 0, 0, b"", written.encode())).signal == said
