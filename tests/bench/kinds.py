"""Microseconds of CPU to verify, parse and write a body as a record, by kind; bodies are made here or given by a folder."""

import hmac
import statistics
import time
from base64 import b64encode
from datetime import UTC, datetime

from schemas.signals import Parsed
from schemas.sources import Scheme, Source
from services.ingest.configured.mapped import read
from services.ingest.configured.sales import with_sales_words
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import PARSERS
from services.ingest.proof.verify import Request, verify
from services.ports.signal_records import record_of
from tests.bench.table import Row
from tests.fuzz import seeds_of

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SECRET = "whsec_" + b64encode(b"s" * 32).decode()
SCHEME = Scheme(scheme="standard_webhooks", secrets=("STAFETT_SECRET_X",))


def delivery(body, said):
    stamp = str(int(NOW.timestamp()))
    proof = b64encode(hmac.digest(b"s" * 32, f"m1.{stamp}.".encode() + body, "sha256")).decode()
    headers = {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{proof}", "content-type": said}
    return Request("POST", "", headers, body, "")


def work(source, given):
    """What ingest does with one delivery, without socket and log; how many signals it gave."""
    verify(SCHEME, (SECRET,), given, NOW.timestamp())
    found = read(source.kind, given.body, given.headers["content-type"], given.headers, None)
    signals = [
        to_signal(with_sales_words(item, source.sales), source, NOW, b"k" * 32)
        for item in found
        if isinstance(item, Parsed)
    ]
    return len([record_of(signal, "t") for signal in signals])


def kinds(folder, rounds=5, repeats=200):
    """A row for each kind of which there is a body that is understood: microseconds a body, smallest / median / largest round."""
    rows = []
    for kind in sorted(PARSERS):
        source = Source(name="s", kind=kind, verify={"scheme": "none"})
        given = [one for one in (delivery(*seed) for seed in seeds_of(folder, kind)) if work(source, one)]
        if not given:
            continue
        found = []
        for _ in range(rounds + 1):
            begun = time.process_time()
            for _ in range(repeats):
                for one in given:
                    work(source, one)
            found.append((time.process_time() - begun) / repeats / len(given) * 1e6)
        size = statistics.median(len(one.body) for one in given)
        rows.append(Row(f"{kind}, {len(given)} bodies of {size:.0f} bytes", "us", found[1:]))
    return sorted(rows, key=lambda row: statistics.median(row.ours))
