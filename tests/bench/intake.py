"""Intake with the median kind and the slowest one: the front end alone, against the bare one with the same bodies."""

import statistics
from itertools import cycle, islice

from schemas.signals import Parsed
from schemas.sources import Source
from services.ingest.configured.mapped import read
from services.ingest.configured.sales import with_sales_words
from services.ingest.normalising.normalise import to_signal
from services.ports.signal_records import record_of
from tests.bench.kinds import NOW, kinds
from tests.bench.load import send
from tests.bench.machine import BARE, PARTITIONS, answering
from tests.bench.mix import KEY, Hook
from tests.bench.table import Row
from tests.fuzz import seeds_of
from tests.parts.process import free_port


def median_and_slowest(folder):
    """Kinds, by the CPU that a body of theirs costs."""
    ranked = [row.name.partition(",")[0] for row in kinds(folder, rounds=2, repeats=40)]
    return ranked[len(ranked) // 2], ranked[-1]


class Sender:
    """A source of this kind and its bodies, one after the other; `pad` is what a record has more than a body."""

    def __init__(self, kind, folder):
        self.kind, self.name = kind, f"bench-{kind}".replace("_", "-")
        self.entry = (
            f"  - {{name: {self.name}, kind: {kind}, rate: 1000000, burst: 1000000, verify: {{scheme: none}},"
            " may: [form, engagement, consent, sales, import, test]}\n"
        )
        source = Source(name=self.name, kind=kind, verify={"scheme": "none"})
        given = [(*seed, _bytes_of_records(source, *seed)) for seed in seeds_of(folder, kind)]
        self._bodies = [(body, said) for body, said, size in given if size]
        self.pad = max(0, round(statistics.mean(size - len(body) for body, _, size in given if size)))

    def hooks(self, count):
        return [Hook(self.name, {"content-type": said}, body) for body, said in islice(cycle(self._bodies), count)]


def _bytes_of_records(source, body, said):
    found = [item for item in read(source.kind, body, said, {}, None) if isinstance(item, Parsed)]
    signals = [to_signal(with_sales_words(item, source.sales), source, NOW, KEY) for item in found]
    return sum(len(record_of(signal, "t").value) for signal in signals)


async def intake_by_kind(machine, rounds, count, folder):
    """64 connections, each with one request under way, until all are answered 202."""
    senders = [Sender(kind, folder) for kind in median_and_slowest(folder)]
    sources = machine.config / "sources.yaml"
    sources.write_text(sources.read_text("utf-8") + "".join(sender.entry for sender in senders), "utf-8")
    machine.begin("ingest")
    machine.wait_ready()
    rows = []
    for sender, place in zip(senders, ("median", "slowest"), strict=True):
        port, rates = free_port(), {"ours": [], "bare": []}
        given = {"bootstrap": machine.kafka.bootstrap, "topic": BARE, "partitions": PARTITIONS}
        machine.begin_bare("web", port=port, pad=sender.pad, **given)
        await answering(port)
        for turn in range(rounds + 1):
            for name in ("ours", "bare") if turn % 2 else ("bare", "ours"):
                load = await send(sender.hooks(count), machine.port if name == "ours" else port)
                if turn:
                    rates[name].append(load.rate)
        rows.append(Row(f"intake, {sender.kind} (the {place} kind)", "requests/s", rates["ours"], rates["bare"]))
    return rows
