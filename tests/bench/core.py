"""Microseconds of CPU of the pure core: each decision under the example agreement, and to load that agreement."""

import statistics
import time
from unittest.mock import patch

from routing.agreement.agreement import compile_agreement
from routing.decide import decide
from routing.model.links import pointer_targets
from services.bootstrap.running import spare_the_collector
from services.ports.rows import Record
from services.ports.signal_records import decode
from services.router.deciding import one_lead
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.shared_state import SharedState, load_key, pool_key
from services.router.deciding.snapshot import Snapshot, wanted_accounts, wanted_keys, wanted_leads, wanted_tallies
from tests.bench.mix import Mix
from tests.bench.table import Row
from tests.setups import EXAMPLES, ruling

BATCH = 500


class Rows:
    """The rows that the router's transactions would find, in memory."""

    def __init__(self):
        self.rules, self.links, self.leads, self.accounts, self.ledgers = ruling(), {}, {}, {}, {}

    def decide(self, records, now):
        """One batch as the router decides it; what it writes is kept."""
        batch = [decode(Record(r.topic, 0, at, r.key, r.value)) for at, r in enumerate(records)]
        signals = [incoming.signal for incoming in batch]
        links = self._linked(wanted_keys(signals))
        leads = _of(self.leads, wanted_leads(signals, links))
        people = sorted(self.rules.roster.limited)
        tallies = wanted_tallies(signals, [self.rules.agreement])
        ledgers = _of(self.ledgers, [*map(pool_key, self.rules.roster.pools), *map(load_key, people), *tallies])
        accounts = _of(self.accounts, wanted_accounts(leads.values(), links))
        shared = SharedState(accounts, ledgers, dict.fromkeys(people, 0))
        done = BatchDecider(Snapshot(links, leads, shared), self.rules, now, 1)
        done.decide(batch)
        self._keep(done.writes())

    def _linked(self, keys):
        found = _of(self.links, keys)
        while further := _of(self.links, [key for key in pointer_targets(found) if key not in found]):
            found |= further
        return found

    def _keep(self, writes):
        assert not writes.dead_letters, writes.dead_letters[0].reason
        self.leads |= {row.id: row for row in writes.leads}
        self.accounts |= {row.id: row for row in writes.accounts}
        self.ledgers |= {row.key: row for row in writes.ledgers}
        self.links |= {row[:3]: row.subject_id for row in (*writes.links, *writes.relinks)}


def _of(rows, wanted):
    return {key: rows[key] for key in wanted if key in rows}


class Timed:
    """`decide`, with the microseconds of CPU of each call."""

    def __init__(self):
        self.took = []

    def __call__(self, lead, signal, context):
        begun = time.process_time_ns()
        decision = decide(lead, signal, context)
        self.took.append((time.process_time_ns() - begun) / 1000)
        return decision


def core(rounds, count):
    """`decide` p50 and p99, a signal's share of a batch, and the agreement's load; the first round warms up."""
    mix, rows, middle, late, batches = Mix(), Rows(), [], [], []
    spare_the_collector()
    for _ in range(rounds + 1):
        records = mix.records(count, "t")
        now = max(decode(Record("t", 0, 0, r.key, r.value)).signal.received_at for r in records[-BATCH:])
        timed = Timed()
        begun = time.process_time()
        with patch.object(one_lead, "decide", timed):
            for at in range(0, count, BATCH):
                rows.decide(records[at : at + BATCH], now)
        batches.append((time.process_time() - begun) / count * 1e6)
        took = sorted(timed.took)
        middle.append(statistics.median(took))
        late.append(took[int(0.99 * len(took))])
    return [
        Row("decide, p50", "us", middle[1:]),
        Row("decide, p99", "us", late[1:]),
        Row("a batch decided, for each signal", "us", batches[1:]),
        Row("load of the example agreement", "ms", [_load() for _ in range(rounds)]),
    ]


def _load():
    text = (EXAMPLES / "agreement.yaml").read_text("utf-8")
    begun = time.process_time()
    compile_agreement(text)
    return (time.process_time() - begun) * 1000
