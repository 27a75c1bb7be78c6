"""What ingest makes of a body stays as it is, to the byte, until `make golden` says that a change is meant."""

import json

import pytest

from tests.everykind import KINDS
from tests.golden_records import DIGESTS, RECORDS, bodies_of, digests_of, whole_lines


def test_records_of_every_kind_are_those_of_before():
    assert list(whole_lines()) == RECORDS.read_text("utf-8").splitlines()


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_of_bodies_of_a_kind_is_what_came_before(kind):
    before, now = json.loads(DIGESTS.read_text("utf-8"))[kind], digests_of(kind)
    bodies = list(bodies_of(kind))
    assert len(bodies) == len(before)
    changed = [body for body, then, digest in zip(bodies, before, now, strict=True) if then != digest]
    assert not changed, f"{len(changed)} bodies, of which the first is {changed[0]}"


def test_no_body_finds_a_fault_of_ours():
    assert "a fault of ours" not in RECORDS.read_text("utf-8")
