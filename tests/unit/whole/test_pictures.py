"""The pictures of the documentation: small, shown, and of what there is."""

import re
import zlib
from pathlib import Path

from tests.pictures.small import chunks, piece, rows_of, small

DOCS = Path(__file__).parents[3] / "docs"
PICTURES = sorted((DOCS / "pictures").glob("*.png"))


def test_pictures_are_small_and_each_is_shown():
    sizes = {path.name: path.stat().st_size for path in PICTURES}
    assert max(sizes.values()) < 150_000 and sum(sizes.values()) < 900_000
    shown = {name for page in DOCS.rglob("*.md") for name in re.findall(r"pictures/([\w-]+\.png)", page.read_text())}
    assert shown == set(sizes)


def test_a_picture_is_made_small_without_changing_it_where_it_has_few_colours():
    head = b"\0\0\0\2\0\0\0\2" + bytes((8, 2, 0, 0, 0))
    # Each row with a filter of its own: the pixel to the left, the pixel above.
    body = bytes((1, 10, 20, 30, 5, 5, 5)) + bytes((2, 1, 1, 1, 0, 0, 0))
    plain = b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", head) + piece(b"IDAT", zlib.compress(body)) + piece(b"IEND", b"")
    assert rows_of(plain) == (2, [bytes((10, 20, 30, 15, 25, 35)), bytes((11, 21, 31, 15, 25, 35))])
    pieces = dict(chunks(small(plain)))
    palette, numbers = pieces[b"PLTE"], zlib.decompress(pieces[b"IDAT"])
    colours = [palette[3 * n : 3 * n + 3] for n in (numbers[1], numbers[2], numbers[4], numbers[5])]
    assert b"".join(colours) == bytes((10, 20, 30, 15, 25, 35, 11, 21, 31, 15, 25, 35))
