"""The page docs/sources/facts.md, made by reading every body of the matrix. `python -m tests.matrix` writes it anew."""

import json
from pathlib import Path

from schemas.signals import Parsed
from services.ingest.parsers.registry import PARSERS, parse
from tests.matrix.bodies_crms import CRMS
from tests.matrix.bodies_forms import FORMS
from tests.matrix.bodies_others import OTHERS
from tests.matrix.facts import FACTS, GROUPS

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "facts.md"
BODIES = {**FORMS, **CRMS, **OTHERS}
READ, SILENT, LACKING = "read", "–", "not supported"
HEAD = """# Which fact is read of which kind of source

Made by running it: `python -m tests.matrix` reads bodies of every kind, of people who do not exist, and writes this page; a test
holds it. **read**: the sender says it and it is taken. **–**: this sender does not say it. **not supported**: the sender says it and it is
not taken. A `mapping` ([generic](generic.md)) reads what stands elsewhere, and facts that a thin webhook leaves out can be
[asked for](README.md#completing-thin-webhooks).
"""


def first(kind, body, content_type):
    """The first signal of a body. Raises AssertionError where it is set aside."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = parse(kind, raw, content_type, {})[0]
    assert isinstance(found, Parsed), (kind, found)
    return found


def differences(kind):
    """(body's number, fact, what it says, what is read) of what is not read as a person would."""
    for number, (body, content_type, said) in enumerate(BODIES[kind]):
        found = first(kind, body, content_type)
        yield from (
            (number, name, told, FACTS[name](found)) for name, told in said.items() if FACTS[name](found) != told
        )


def states(kind):
    """{fact: read, silent or lacking}."""
    wrong = {name for _, name, _, _ in differences(kind)}
    told = {name for _, _, said in BODIES[kind] for name in said}
    return {name: LACKING if name in wrong else READ if name in told else SILENT for name in FACTS}


def page():
    """The whole page."""
    assert BODIES.keys() == PARSERS.keys()
    known = {kind: states(kind) for kind in sorted(BODIES)}
    parts = [HEAD]
    for title, group in GROUPS.items():
        rows = [f"| kind | {' | '.join(group)} |", "|---" * (len(group) + 1) + "|"]
        rows += [f"| `{kind}` | {' | '.join(said[name] for name in group)} |" for kind, said in known.items()]
        parts.append(f"\n## {title}\n\n" + "\n".join(rows) + "\n")
    return "".join(parts)
