"""`python -m tests.fuzz --minutes 10`: hostile bodies for every kind of source, from parser to record. Nothing may raise.

Bodies are made of the words that a parser's own code holds (its dictionary), nested and mixed with what no sender sends, then
damaged byte by byte; one in some hundreds is as large as ingest takes. `--samples FOLDER` adds real bodies to begin from. A body that raises, takes a second or makes the
process grow ends the run, with the seed and the body.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType
from urllib.parse import urlencode

from schemas.signals import Parsed, Quarantined, Signal
from schemas.sources import Source
from services.ingest import parsers
from services.ingest.configured.mapped import read
from services.ingest.configured.sales import with_sales_words
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import PARSERS
from services.ports.rows import Record
from services.ports.signal_records import decode, record_of

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEY = b"k" * 32
CLOUD = "application/cloudevents+json"
JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "text/xml"
MULTIPART = "multipart/form-data; boundary=xx"
ODD = (
    None, True, False, 0, -1, 2**63, 1e308, -0.0, "", " ", "\x00", "a" * 5000, "\ud800", "ａ", "2026-02-30T99:00:00Z", "1e999", [], {}, [[]],
    [None], {"": ""}, "[]", "{}", '{"a":1}', "a@b.example", "+46 70 123 45 67", "åäö@ö.example", "null", "NaN", "-", "/", "..", "%00",
)  # fmt: skip
OWN = {
    "generic": ({"event": "lead.created", "lead": {"id": 1, "email": "a@b.example"}, "user": {"id": 2}}, JSON),
    "crm": (
        {
            "id": "1",
            "fact": "accepted",
            "email": "a@b.example",
            "owner_id": "9101",
            "occurred_at": "2026-11-24T09:00:00Z",
        },
        JSON,
    ),
    "cloudevents": (
        {"specversion": "1.0", "id": "1", "source": "/s", "type": "contact.created", "data": {"email": "a@b.example"}},
        CLOUD,
    ),
    "standard_webhooks": (
        {"type": "form.submitted", "timestamp": "2026-11-24T09:00:00Z", "data": {"email": "a@b.example"}},
        JSON,
    ),
    "jotform": (
        {"formID": "1", "submissionID": "2", "formTitle": "Demo", "rawRequest": '{"q3_email":"a@b.example"}'},
        FORM,
    ),
}
"""A body to begin from for kinds that read nothing without a frame of their own."""
MIB = 1024 * 1024
LARGE = 8
"""Kinds of large bodies."""
SLOW = 1.0
GROWTH = 96 * 1024
"""KiB by which the process may grow over the whole run, once it is warm."""


def words_of(code, found):
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            words_of(constant, found)
        elif isinstance(constant, str) and 0 < len(constant) < 60:
            found.add(constant)
        elif isinstance(constant, tuple | frozenset):
            found.update(c for c in constant if isinstance(c, str) and 0 < len(c) < 60)
    return found


def dictionary(kind):
    """The words of the module that reads this kind, and of what all share."""
    module = sys.modules[PARSERS[kind].__module__]
    own = f"{parsers.__name__}."
    used = {getattr(held, "__module__", None) or "" for held in vars(module).values()}
    found = set()
    for name in sorted(
        {
            module.__name__,
            *(name for name in used if name.startswith(own)),
            f"{own}reading.naming",
            f"{own}guesses.records",
        }
    ):
        path = Path(sys.modules[name].__file__)
        words_of(compile(path.read_text("utf-8"), str(path), "exec"), found)
    return sorted(word for word in found if "\n" not in word)


class Maker:
    def __init__(self, kind, dice, seeds):
        self.dice, self.words, self.seeds = dice, dictionary(kind), seeds

    def large(self, deed):
        """(body, content type) of up to 1 MiB: much of the same, which costs where something is done once for each pair."""
        names = [f"{self.words[i % len(self.words)]} {i}" for i in range(self.dice.choice((900, 5000, 24000)))]
        if deed == 0:
            return b"--xx\r\n\r\n\r\n" * (MIB // 10) + b"--xx--", MULTIPART
        if deed == 1:
            return b'--xx\r\nContent-Disposition: form-data; name="a"\r\n\r\n' * (MIB // 50), MULTIPART
        if deed == 2:
            return b"--xx\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n" * (MIB // 60), MULTIPART
        if deed == 3:
            return urlencode([(name.encode("utf-8", "replace"), "a@b.example") for name in names]).encode()[:MIB], FORM
        made = (
            dict.fromkeys(names, "a@b.example")
            if deed == 4
            else [{"name": name, "value": "x"} for name in names]
            if deed == 5
            else {name: {"email": "a@b.example", "name": "x"} for name in names}
            if deed == 6
            else [{**dict.fromkeys(self.words[:9], name), "id": i} for i, name in enumerate(names[:1000])]
        )
        body = json.dumps(made if self.dice.random() < 0.5 else {self.key(): made}).encode()
        return (body if len(body) <= MIB else json.dumps({"data": names}).encode()[:MIB]), JSON

    def value(self, depth):
        roll = self.dice.random()
        if depth and roll < 0.3:
            return {self.key(): self.value(depth - 1) for _ in range(self.dice.randrange(8))}
        if depth and roll < 0.42:
            return [self.value(depth - 1) for _ in range(self.dice.randrange(4))]
        return self.dice.choice(ODD) if roll < 0.7 else self.dice.choice(self.words)

    def key(self):
        return self.dice.choice(self.words) if self.dice.random() < 0.95 else str(self.dice.choice(ODD))[:40]

    def body(self):
        """(body, content type)."""
        if self.seeds and self.dice.random() < 0.4:
            body, said = self.dice.choice(self.seeds)
            return self.changed(body), said
        whole = {self.key(): self.value(4) for _ in range(self.dice.randrange(1, 14))}
        shape = self.dice.choice((JSON, JSON, JSON, JSON, FORM, FORM, MULTIPART, XML))
        if shape == JSON:
            made = whole if self.dice.random() < 0.8 else [whole, self.value(3)]
            body = json.dumps(made).encode()
        elif shape == FORM:
            flat = {k: v if isinstance(v, str) else json.dumps(v) for k, v in whole.items()}
            body = urlencode(
                {k.encode("utf-8", "replace"): v.encode("utf-8", "replace") for k, v in flat.items()}
            ).encode()
        elif shape == MULTIPART:
            body = (
                b"".join(
                    f'--xx\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode("utf-8", "replace")
                    for k, v in whole.items()
                )
                + b"--xx--\r\n"
            )
        else:
            inner = "".join(f"<{self.tag()}>{json.dumps(v)[:200]}</{self.tag()}>" for v in whole.values())
            body = f"<soapenv:Envelope><soapenv:Body><notifications>{inner}</notifications></soapenv:Body></soapenv:Envelope>".encode()
        return (self.damaged(body) if self.dice.random() < 0.3 else body), shape

    def tag(self):
        return "".join(c for c in self.key() if c.isalnum()) or "a"

    def changed(self, body):
        """A real body with one of its values replaced, or damaged."""
        try:
            whole = json.loads(body)
        except ValueError:
            return self.damaged(body)
        self.replace(whole)
        return json.dumps(whole).encode()

    def replace(self, at):
        while isinstance(at, dict | list) and at:
            step = self.dice.choice(list(at)) if isinstance(at, dict) else self.dice.randrange(len(at))
            if not isinstance(at[step], dict | list) or not at[step] or self.dice.random() < 0.2:
                at[step] = self.value(2)
                return
            at = at[step]

    def damaged(self, body):
        raw = bytearray(body)
        for _ in range(self.dice.randrange(1, 6)):
            at = self.dice.randrange(len(raw) + 1)
            deed = self.dice.randrange(4)
            if deed == 0:
                raw[at:at] = bytes([self.dice.randrange(256)])
            elif deed == 1:
                del raw[at : at + self.dice.randrange(1, 20)]
            elif deed == 2:
                raw[at:at] = raw[: self.dice.randrange(200)]
            else:
                del raw[at:]
        return bytes(raw)


def tried(source, body, said):
    """How many were understood and how many set aside; raises whatever the code raises."""
    found = read(source.kind, body, said, {"content-type": said}, source.mapping)
    for item in found:
        assert isinstance(item, Parsed | Quarantined)
        if isinstance(item, Parsed):
            signal = to_signal(with_sales_words(item, source.sales), source, NOW, KEY)
            assert Signal(**signal.known_fields()) == signal, "put together of parts, it is as it would be checked"
            out = record_of(signal, "t")
            again = decode(Record("t", 0, 0, out.key, out.value))
            assert again.signal == signal, "what is on the log is what was read"
    return Counter(type(item).__name__ for item in found)


def seeds_of(folder, kind):
    """Real bodies of a folder whose name is like the kind's."""
    like = {"meta_lead_ads": "facebook", "google_ads": "google"}.get(kind, kind.split("_")[0])
    whole, said = OWN.get(kind, ({}, JSON))
    found = [(urlencode(whole).encode() if said == FORM else json.dumps(whole).encode(), said)] if whole else []
    for path in sorted(Path(folder).rglob("*")) if folder else ():
        if path.is_file() and not path.name.endswith(".meta.json") and like in path.parent.name:
            body = path.read_bytes()
            said = JSON if body[:1] in b"{[" else XML if body[:1] == b"<" else FORM
            found.append((body, said))
    return found


def run(minutes, seed, samples=None, say=print, least=0):
    """Equal time for every kind, and at least so many bodies. {kind: Counter}."""
    each, told, warm = minutes * 60 / len(PARSERS), {}, None
    for kind in sorted(PARSERS):
        dice = random.Random(f"{seed}.{kind}")
        maker, source = (
            Maker(kind, dice, seeds_of(samples, kind)),
            Source(name="s", kind=kind, verify={"scheme": "none"}),
        )
        until, told[kind], slowest = time.monotonic() + each, Counter(), 0.0
        while time.monotonic() < until or told[kind]["bodies"] < least:
            body, said = maker.large(dice.randrange(LARGE)) if dice.random() < 0.003 else maker.body()
            begun = time.process_time()
            try:
                told[kind] += tried(source, body, said)
            except Exception as error:
                raise AssertionError(
                    f"{kind}, {said}, seed {seed}: {type(error).__name__}: {error}\n{body!r}"
                ) from error
            took = time.process_time() - begun
            slowest = max(slowest, took)
            assert took < SLOW, f"{kind}: {took:.1f} s for {body[:2000]!r}"
            told[kind]["bodies"] += 1
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        warm = warm or grown
        say(f"{kind:22} {told[kind]['bodies']:8} bodies, {told[kind]['Parsed']:8} read, {told[kind]['Quarantined']:8} set aside,"
            f" slowest {slowest * 1000:6.1f} ms, {grown // 1024} MiB")  # fmt: skip
        assert grown - warm < GROWTH, f"the process grew from {warm} to {grown} KiB"
    return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples")
    given = parser.parse_args()
    run(given.minutes, given.seed, given.samples)
