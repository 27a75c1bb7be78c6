"""Ids are for ever: what they were, they stay."""

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from routing.model.ids import base32, derive


@given(st.binary(min_size=32, max_size=32))
def test_the_digits_are_those_of_rfc_4648_in_lower_case(digest):
    assert base32(digest) == base64.b32encode(digest)[:26].decode().lower()


def test_an_id_is_a_digest_of_its_parts():
    whole = hashlib.sha256(b"0\x1fsig_1\x1f2").digest()
    assert derive("evt", 0, "sig_1", 2) == f"evt_{base64.b32encode(whole)[:26].decode().lower()}"
