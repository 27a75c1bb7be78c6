"""A CRM and a book in memory, for tests of what a sink does with them; both fail when they are told to."""

from datetime import UTC, datetime, timedelta
from itertools import count

from schemas.envelope import Envelope
from schemas.sinks import CrmSink
from services.sinks.carrying import Target
from services.sinks.outcomes import Made, Trouble
from services.sinks.planning.plan import Settings
from services.sinks.records import Match

NOW = datetime(2026, 6, 8, 9, tzinfo=UTC)
STAGES = {"offered": "new", "accepted": "working", "returned": "back", "won": "won", "lost": "lost"}


class Killed(BaseException):
    """The process ends here."""


class MemoryCrm:
    """`faults` are taken from the front before each write: `drop` does it and answers nothing, `lose` does nothing and answers
    nothing, `kill` does it and ends the process; None lets it pass. `lag`: look-ups miss what was made so lately."""

    kinds = frozenset(("contact", "company", "opportunity", "note", "task"))
    settle = timedelta(0)
    repeatable = frozenset()
    deletes_for_good = False

    def __init__(self, clock):
        self.records, self.links, self.writes, self.faults = {}, set(), [], []
        self._clock, self._ids, self.lag = clock, count(1), timedelta(0)

    def is_repeatable(self, kind):
        return kind in self.repeatable

    def render(self, wanted):
        return {"key": wanted.key.text, **wanted.values, **wanted.extra}

    async def find(self, key, names, parents):
        seen = self._clock() - self.lag
        for ident, row in self.records.items():
            known = row["kind"] == key.kind and row["made_at"] <= seen
            if known and (row["key"] == key.text or (key.email and row.get("email") == key.email)):
                return self._match(ident, row)
        return None

    async def read(self, kind, vendor_id, names):
        row = self.records.get(vendor_id)
        return self._match(vendor_id, row) if row is not None else None

    async def create(self, key, fields, parents):
        def make():
            if key.kind in self.repeatable:
                known = next(
                    (i for i, r in self.records.items() if r["kind"] == key.kind and r["key"] == key.text), None
                )
                if known is not None:
                    return Made(known)
            ident = str(next(self._ids))
            self.records[ident] = {**fields, "kind": key.kind, "made_at": self._clock(), "parents": dict(parents)}
            return Made(ident)

        return self._write(("create", key.kind, key.text), make)

    async def update(self, kind, vendor_id, fields):
        self._write(("update", kind, tuple(sorted(fields))), lambda: self.records[vendor_id].update(fields))

    def empty(self, kind, names):
        return {name: "[erased]" if name == "last_name" else None for name in names}

    async def delete(self, kind, vendor_id):
        if vendor_id not in self.records:
            raise Trouble("gone", "not_there")
        self._write(("delete", kind, vendor_id), lambda: self.records.pop(vendor_id))

    async def link(self, opportunity, kind, vendor_id):
        self.links.add((opportunity, vendor_id))

    async def check(self, owners):
        return []

    async def whoami(self):
        return "7"

    def of(self, kind):
        return [row for row in self.records.values() if row["kind"] == kind]

    def _write(self, what, do):
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Trouble):
            raise fault
        if fault == "lose":
            raise Trouble("unknown", "no_answer")
        done = do()
        self.writes.append(what)
        if fault == "kill":
            raise Killed
        if fault == "drop":
            raise Trouble("unknown", "no_answer")
        return done

    def _match(self, ident, row):
        stage = row.get("stage")
        return Match(ident, row, stage=stage, is_closed=stage in ("won", "lost") or row.get("state") == "done")


class MemoryBook:
    """The port `SinkBook`; `kill_at` counts commits down, and the process ends before the one that it reaches."""

    def __init__(self):
        self.kept, self.done, self.signals, self.kill_at = {}, {}, [], None
        self.sources = {}

    async def records(self, target, lead_id):
        return [record for record in self.kept.values() if record.lead_id == lead_id]

    async def record(self, target, kind, key):
        return self.kept.get((kind, key))

    async def steps(self, target, event_id):
        return [step for (event, _), step in self.done.items() if event == event_id]

    async def source_of_signal(self, signal_id):
        return self.sources.get(signal_id)

    async def begin(self, record, step, seen=None, abandoned=None):
        self._commit()
        known = self.kept.get((record.kind, record.key))
        if known is not None and known.made_by != record.made_by:
            is_as_seen = seen is not None and known[4:7] == seen[4:7]
            is_making = known.state == "making" and (abandoned is None or known.sent_at > abandoned)
            if is_making or not is_as_seen:
                return False
        if known is not None:
            # What is known of it stays, as in the store.
            claim = {"state": "making", "made_by": record.made_by, "sent_at": record.sent_at, "vendor_id": None}
            record = known._replace(**claim)
        self.kept[record.kind, record.key] = record
        self.done[step.event_id, step.name] = step
        return True

    async def finish(self, step, record=None, signals=()):
        self._commit()
        if record is not None:
            self.kept[record.kind, record.key] = record
        self.done[step.event_id, step.name] = step
        self.signals += signals

    async def release(self, record, step):
        self._commit()
        known = self.kept.get((record.kind, record.key))
        if known is not None and (known.state, known.made_by) == ("making", record.made_by):
            del self.kept[record.kind, record.key]
        self.done[step.event_id, step.name] = step

    def _commit(self):
        if self.kill_at is not None:
            self.kill_at -= 1
            if self.kill_at < 0:
                self.kill_at = None
                raise Killed


def sink(**values):
    """A sink's settings."""
    fields = {"name": "crm", "mode": "live", "base_url": "https://crm.example.com", "stages": STAGES, **values}
    return CrmSink.model_validate(fields)


def settings(of=None, owners=None):
    """What plans are made with; everybody's id is their name in capitals unless `owners` says otherwise."""
    ids = owners if owners is not None else {"anna": "ANNA", "bo": "BO"}
    return Settings(of or sink(), lambda owner: ids.get(owner.person), "crm")


def target(crm, of=None, owners=None, shown=None):
    return Target(settings(of, owners), crm, lambda record, event: [(record.kind, record.vendor_id)], shown)


def event(kind, number=1, *, lead="lead_1", at=NOW, **data):
    """An event as it lies in the feed."""
    return Envelope(
        specversion="1.0",
        id=f"evt_{number}",
        source="/stafett/nordlys/default",
        type=f"stafett.{kind}.v1",
        subject=lead,
        time=at,
        datacontenttype="application/json",
        dataschema="urn:x",
        partitionkey="k",
        sequence=f"{number:020}",
        correlationid=f"{lead}.1",
        causationid="sig_1",
        recordedtime=at,
        agreementversion="0" * 64,
        mode="live",
        data=data,
    )


def offered(number=1, offer=1, owner="anna", *, lead="lead_1", handover="ho_1", email="eva@kund.example", **dossier):
    """An offered hand-over with a person and a company in it."""
    return event(
        "handover.offered",
        number,
        lead=lead,
        handover_id=handover,
        pass_number=1,
        offer_id=f"{handover}.{offer}",
        offer_number=offer,
        owner={"person": owner, "ids": {}},
        expires_at="2026-06-08T13:00:00Z",
        dossier={"company_name": "Kund AB", "company_domain": "kund.example", "source": "web", **dossier},
        personal={"person": {"email": email, "first_name": "Eva", "last_name": "Ek"}, "answers": {"need": "pumps"}},
    )
