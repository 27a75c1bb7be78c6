"""A box opens with its key and for what it is about, and for nothing else."""

import pytest

from services.sealing.boxes import KEY_BYTES, NONCE_BYTES, Box, Unopenable, check_value, draw_key


def test_what_is_sealed_opens_again_and_the_text_is_not_in_it():
    box = Box(draw_key())
    sealed = box.seal(b"anna@example.com", b"evt_1")
    assert b"anna" not in sealed and len(sealed) == len(b"anna@example.com") + 28
    assert box.open(sealed, b"evt_1") == b"anna@example.com"


@pytest.mark.parametrize("change", ["key", "about", "nonce", "text", "tag", "cut", "empty"])
def test_nothing_else_opens_it(change):
    key = draw_key()
    sealed, about = Box(key).seal(b"anna@example.com", b"evt_1"), b"evt_1"
    flipped = {"nonce": 0, "text": NONCE_BYTES, "tag": -1}
    if change in flipped:
        changed = bytearray(sealed)
        changed[flipped[change]] ^= 1
        sealed = bytes(changed)
    sealed = {"cut": sealed[:-1], "empty": b""}.get(change, sealed)
    with pytest.raises(Unopenable):
        Box(draw_key() if change == "key" else key).open(sealed, b"evt_2" if change == "about" else about)


def test_the_same_is_the_same_bytes_and_no_two_texts_share_a_nonce():
    box = Box(draw_key())
    assert box.seal(b"text", b"about") == box.seal(b"text", b"about")
    pairs = [(b"text", b"about"), (b"text", b"abou"), (b"ttext", b"abou"), (b"", b""), (b"x" * 9000, b"about")]
    assert len({box.seal(*pair)[:NONCE_BYTES] for pair in pairs}) == len(pairs)


def test_keys_are_told_apart_by_what_says_nothing_of_them():
    keys = [draw_key() for _ in range(50)]
    assert {len(key) for key in keys} == {KEY_BYTES}
    assert len({check_value(key) for key in keys}) == 50
    assert not any(check_value(key) in key.hex() for key in keys)
