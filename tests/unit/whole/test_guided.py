"""What the coverage-guided run begins from can be read; the run itself is `make fuzz`."""

import pytest

from tests.guided import TARGETS, target, written


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_takes_the_bodies_that_it_begins_with_and_none(name, tmp_path):
    words, corpus = written(name, tmp_path)
    bodies = [path.read_bytes() for path in corpus.iterdir()]
    assert bodies and words.read_text().count("\n") > 50
    for body in (*bodies, b"", b"\x00", b"\xff\xff"):
        target(name)(body)
