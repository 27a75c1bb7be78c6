"""A value that has to be there is given, and one that is not is a fault of ours with its reason, also where asserts are stripped."""

import pytest

from schemas.certain import Impossible, certain, certainly


@pytest.mark.parametrize("value", [0, "", False, "a"])
def test_what_is_there_is_given_as_it_is_also_where_it_is_empty(value):
    assert certain(value, "it waits") is value


def test_what_is_missing_is_told_with_the_reason_why_it_had_to_be_there():
    with pytest.raises(Impossible, match="there is nothing, though it waits"):
        certain(None, "it waits")


def test_what_is_of_its_kind_is_given_and_what_is_not_is_told():
    assert certainly("a", str, "it is named") == "a"
    with pytest.raises(Impossible, match="it is a int, though it is named"):
        certainly(1, str, "it is named")
