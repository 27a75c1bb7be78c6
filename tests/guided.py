"""`python -m tests.guided --minutes 5`: bodies that coverage chooses, for every kind of source; what takes a new way through a
parser is kept and altered further. `python -m tests.guided KIND --minutes 1` runs one kind.

Needs atheris, which has wheels for Linux on x86-64 only: elsewhere it says so, and `tests.fuzz` is the whole of it. A body that
raises, takes ten seconds or half a GiB ends the run, with the body in a file.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

if atheris is not None and __name__ == "__main__" and "--in" in sys.argv:
    # What is imported in here is watched; the rest is not, which makes it fast.
    with atheris.instrument_imports(include=["services.ingest"]):
        from tests import fuzz
else:
    from tests import fuzz

from schemas.mapping import Mapping
from schemas.sources import Source

TYPES = (
    fuzz.JSON,
    fuzz.FORM,
    fuzz.MULTIPART,
    fuzz.XML,
    fuzz.CLOUD,
    "application/cloudevents-batch+json",
    "text/plain",
    "",
)
MAPPED = Mapping(
    facts={"email": "contact.email", "external_id": "rows[0].id", "amount": "deal['the value']", "occurred_at": "at"},
    fields={"plan": "plan"},
    rules=({"when": "body.type == 'spam'", "skip": True}, {"when": "body.amount > 5", "kind": "form.submitted"}),
)
"""`mapped` is a target too: the generic kind as a source's own mapping has it."""
MAX_BODY, MADE = 8192, 200
"""Bytes of a body; bodies made by `tests.fuzz` to begin from."""
TARGETS = (*sorted(fuzz.PARSERS), "mapped")


def target(name):
    """What takes the bytes for one kind: the first says which content type, the others are the body."""
    kind, mapping = ("generic", MAPPED) if name == "mapped" else (name, None)
    source = Source(name="s", kind=kind, verify={"scheme": "none"}, mapping=mapping)

    def one(data):
        fuzz.tried(source, data[1:], TYPES[data[0] % len(TYPES)] if data else "")

    return one


def written(name, folder, samples=None):
    """The words of the kind's own code and the bodies to begin from, as files. (dictionary, corpus)."""
    kind = "generic" if name == "mapped" else name
    words, corpus = folder / "words", folder / "corpus"
    quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "replace")) for word in fuzz.dictionary(kind))
    words.write_text("".join(f'"{word}"\n' for word in quoted))
    corpus.mkdir()
    seeds = fuzz.seeds_of(samples, kind)
    maker = fuzz.Maker(kind, random.Random(name), seeds)
    for i, (body, said) in enumerate([*seeds, *(maker.body() for _ in range(MADE))]):
        (corpus / str(i)).write_bytes(bytes([TYPES.index(said)]) + body[:MAX_BODY])
    return words, corpus


def guided(name, seconds, folder, samples):
    """Ends the process."""
    words, corpus = written(name, folder, samples)
    options = [f"-dict={words}", f"-max_total_time={seconds}", f"-max_len={MAX_BODY + 1}", "-timeout=10", "-rss_limit_mb=512",
               f"-artifact_prefix=guided-{name}-", "-verbosity=0", "-print_final_stats=1", str(corpus)]  # fmt: skip
    atheris.Setup(["guided", *options], target(name))
    atheris.Fuzz()


def run(names, minutes, samples):
    """Each kind in a process of its own. The first status that is not 0."""
    seconds = max(1, round(minutes * 60 / len(names)))
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "tests.guided", name, "--minutes", str(seconds / 60), "--in", folder]
            command += ["--samples", samples] if samples else []
            done = subprocess.run(command, capture_output=True, text=True)
        lines = (line.removeprefix("stat::") for line in done.stderr.splitlines() if line.startswith("stat::"))
        said = {stat: value.strip() for stat, _, value in (line.partition(":") for line in lines)}
        print(f"{name:22} {said.get('number_of_executed_units', '?'):>8} bodies,"
              f" {said.get('new_units_added', '?'):>6} took a new way", flush=True)  # fmt: skip
        if done.returncode:
            print(done.stdout, done.stderr, sep="\n")
            return done.returncode
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--samples")
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if atheris is None:
        print("atheris is not here: only `python -m tests.fuzz` runs")
    elif given.folder:
        guided(given.kind, max(1, round(given.minutes * 60)), given.folder, given.samples)
    else:
        sys.exit(run([given.kind] if given.kind else TARGETS, given.minutes, given.samples))
