"""What ingest makes of bodies, byte for byte: key and value of each record, reason and place of each part set aside.

`make golden` writes `tests/golden/records.ndjson` (a person's record as each kind sends it, whole) and `tests/golden/digests.json` (all
other bodies, also damaged ones, as digests) again. Do so when a change of records is meant, and read the difference before it is
committed. `python -m tests.golden_records --samples FOLDER` prints the digest of what comes of each body of a folder: run by two
versions, the two lists tell what changed.
"""

import argparse
import hashlib
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from schemas.may import CLASSES
from schemas.sources import Source
from services.ingest.app import Understood, read_delivery
from services.ingest.configured.source import Configured
from services.ingest.proof.verify import Request
from services.ports.signal_records import record_of
from tests.everykind import KINDS, Who, sent
from tests.fuzz import FORM, Maker, seeds_of
from tests.matrix.bodies_crms import CRMS
from tests.matrix.bodies_forms import FORMS
from tests.matrix.bodies_others import OTHERS
from tests.unit.services.ingest.parsers.every_kind import SHAPES

FOLDER = Path(__file__).parent / "golden"
RECORDS, DIGESTS = FOLDER / "records.ndjson", FOLDER / "digests.json"
NOW, KEY, TOKEN = datetime(2026, 11, 24, 9, tzinfo=UTC), b"k" * 32, "t" * 32
DAMAGED = 60
"""Damaged bodies of each kind."""
_WORDS = """
    email e-mail first_name last_name name phone company country city postcode language employees website consent newsletter unsubscribed old_email
    id event type data contact lead deal owner stage status reason amount currency tags list created_at timestamp subject message utm_campaign
    form_id fact references person fields
"""
WORDS = _WORDS.split()
"""What damaged bodies are made of."""
RICH = Who("Åsa.Öberg@firma.example", 77, "d-1", {
    "first_name": "Åsa", "last_name": "Öberg", "phone": "070-123 45 67", "company": "Firma & Co AB", "newsletter": "yes", "language": "sv-SE",
    "employees": "50-249", "country": "Sverige", "city": "211 20 Malmö", "utm_campaign": "vår", "old_email": "asa@old.example", "note": "x" * 300,
})  # fmt: skip


class Damager(Maker):
    """Damage of bodies with words that no parser chooses, so that a change of a parser changes no body."""

    def __init__(self, seed):
        self.dice, self.words, self.seeds = random.Random(seed), WORDS, []


def sources_of(kind):
    """A source that proves itself and may say everything, and one of which nothing is known."""
    token = {"scheme": "token", "header": "X-Token", "secrets": ("STAFETT_SECRET_X",)}
    signed = Source(
        name="signed", kind=kind, verify=token, may=CLASSES, brand="nordic", region="SE", country="SE", account="main",
        sales={"won": ["closed"], "our_users": ["2"], "not_qualified": ["budget"]}, consents={"newsletter": ["offers"]},
    )  # fmt: skip
    return Configured(signed, (TOKEN,)), Configured(Source(name="open", kind=kind, verify={"scheme": "none"}), ())


def outcome(configured, body, content_type, headers):
    """What comes of one body: `records` as key and value, `aside` as place and reason, `may_not`; of a handshake its answer."""
    given = {**headers, "content-type": content_type, "x-token": TOKEN}
    read = read_delivery(configured, Request("POST", "", given, body), NOW, KEY)
    if not isinstance(read, Understood):
        return {"answer": [read.status_code, read.body.decode()]}
    records = [record_of(signal, "t") for signal in read.signals]
    return {
        "records": [[record.key.decode(), record.value.decode()] for record in records],
        "aside": [[part.where, part.quarantined] for part in read.unclear],
        "may_not": sorted(read.may_not.items()),
    }


def whole_lines():
    """A line of JSON for each kind, body and source."""
    for kind in KINDS:
        for name, who in (("plain", Who()), ("rich", RICH)):
            delivery = sent(kind, who)
            for configured in sources_of(kind):
                came = outcome(configured, delivery.body, delivery.content_type, delivery.headers)
                told = {"kind": kind, "person": name, "source": configured.source.name, **came}
                yield json.dumps(told, ensure_ascii=False)


def bodies_of(kind):
    """(body, content type) of the tests' bodies of this kind, then damaged ones."""
    for table in (FORMS, CRMS, OTHERS):
        for body, content_type, _ in table.get(kind, ()):
            yield _bytes(body, content_type), content_type
    content_type, shape = SHAPES[kind]
    yield _bytes(shape("Åsa Öberg", "asa@firma.example", "+46 70 123 45 67", "Firma AB"), content_type), content_type
    damager = Damager(f"golden {kind}")
    delivery = sent(kind, RICH)
    for _ in range(DAMAGED):
        if damager.dice.random() < 0.8:
            yield damager.changed(delivery.body), delivery.content_type
        else:
            yield damager.body()


def digest_of(kind, body, content_type):
    """Of what comes of it from each of the two sources, 12 hex digits."""
    came = [outcome(configured, body, content_type, {"webhook-id": "m1"}) for configured in sources_of(kind)]
    return hashlib.sha256(json.dumps(came, sort_keys=True).encode()).hexdigest()[:12]


def digests_of(kind):
    return [digest_of(kind, *body) for body in bodies_of(kind)]


def _bytes(body, content_type):
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return (urlencode(body) if content_type == FORM else json.dumps(body)).encode()


def write():
    RECORDS.write_text("".join(f"{line}\n" for line in whole_lines()), "utf-8")
    DIGESTS.write_text(json.dumps({kind: digests_of(kind) for kind in KINDS}, indent=0) + "\n", "utf-8")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.golden_records", description=__doc__)
    parser.add_argument(
        "--samples", help="a folder of real bodies by sender: their digests are printed, and nothing is written"
    )
    samples = parser.parse_args().samples
    if samples is None:
        write()
        return
    for kind in KINDS:
        for number, body in enumerate(seeds_of(samples, kind)):
            print(kind, number, digest_of(kind, *body))


if __name__ == "__main__":
    main()
