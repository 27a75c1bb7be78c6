"""Signals as ingest makes them of what somebody says of themselves, given to the router's rows in memory."""

import json
from datetime import timedelta
from itertools import count

from schemas.signals import Kind, Parsed, Person
from schemas.sources import Scheme, Source
from services.ingest.normalising.normalise import to_signal
from tests.memory import Memory
from tests.setups import START, ruling

WEB = Source(name="web", kind="form", verify=Scheme(scheme="none"), region="SE")
KEY = b"k" * 32
_NUMBERS = count(1)
_RULING = ruling()


def said(kind="form.submitted", source=WEB, after=timedelta(0), **more):
    """A signal. What is of a person goes there, the rest into the signal."""
    person = {
        name: more.pop(name) for name in ("email", "full_name", "first_name", "last_name", "phone") if name in more
    }
    at = more.pop("at", START + after)
    parsed = Parsed(kind=Kind(kind), person=Person(**person), occurred_at=at, dedupe_key=f"id:{next(_NUMBERS)}", **more)
    return to_signal(parsed, source, START + after, KEY)


class People:
    """`tell` gives signals of one batch, `batches` one batch each. Leads are named by the order in which they were made."""

    def __init__(self, at=START):
        self.memory = Memory(_RULING, at)

    def tell(self, *signals):
        self.memory.give(*signals)
        assert not self.memory.letters, self.memory.letters
        return self

    def batches(self, *signals):
        for one in signals:
            self.tell(one)
        return self

    @property
    def leads(self):
        """Models, in the order in which their first signals were told."""
        first = {}
        for row in self.memory.history:
            if row.lead_id is not None:
                first.setdefault(row.lead_id, len(first))
        return [self.memory.lead(ident) for ident in first]

    def of(self, signal):
        """The lead that this signal was filed with; None for nobody."""
        return next(row.lead_id for row in reversed(self.memory.history) if row.signal_id == signal.id)

    def together(self, *signals):
        """Whether all of these were of one lead."""
        found = {self.of(one) for one in signals}
        assert None not in found
        return len(found) == 1

    def proposed(self):
        """Pairs of leads that were proposed to be one."""
        return {frozenset((one["kept"], one["other"])) for one in self.memory.said("lead.merge_proposed")}

    def evidence(self, signal):
        row = next(row for row in reversed(self.memory.history) if row.signal_id == signal.id)
        return json.loads(row.decision)["evidence"]
