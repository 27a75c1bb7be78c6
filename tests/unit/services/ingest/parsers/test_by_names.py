"""What is remembered of an object's names is what would be found by looking again, for few and for many shapes."""

import random

from services.ingest.parsers.guesses.chain import first, level
from services.ingest.parsers.reading.by_names import REMEMBERED, Wanted, labels, names_of
from services.ingest.parsers.reading.safely import text


def test_objects_of_one_shape_have_the_same_names_object():
    one, other = names_of({"a": 1, "b": 2}), names_of({"a": 3, "b": 4})
    assert one is other
    assert tuple(one) == ("a", "b")
    assert names_of({"b": 1, "a": 2}) is not one


def test_names_that_are_wanted_are_found_in_any_number_of_shapes():
    dice = random.Random(7)
    wanted = Wanted(["b", "d", "a", "z"])
    for _ in range(3 * REMEMBERED):
        held = dice.sample("abcdefghijklmnop", dice.randrange(1, 9))
        assert wanted.among(names_of(held)) == tuple(name for name in wanted.names if name in held)
        assert tuple(labels(names_of(held))) == tuple(held)


def test_a_name_that_is_written_twice_is_its_first_spelling():
    at = level({"E-Mail": "a", "eMail": "b", "x": "c"})
    assert at.held == {"e_mail": "a", "x": "c"} and tuple(at.names) == ("e_mail", "x")


def test_the_innermost_of_the_most_telling_name_counts():
    chain = [level({"b": "outer", "a": "only"}), level({"b": " ", "c": "1"}), level({"B": "inner"})]
    assert first(chain, Wanted(["b", "a"]), text) == "inner"
    assert first(chain[:2], Wanted(["b", "a"]), text) == "outer"
    assert first(chain, Wanted(["a", "b"]), text) == "only"
    assert first(chain, Wanted(["z"]), text) is None
