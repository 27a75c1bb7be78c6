"""A picture made small: its upper part, in at most 256 colours."""

import struct
import zlib
from collections import Counter

HEIGHT = 900
"""Rows that are kept."""
_HEAD = b"\x89PNG\r\n\x1a\n"


def chunks(data):
    """(kind, content) of each piece of a PNG."""
    place = len(_HEAD)
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 12 + length


def rows_of(data):
    """The width, and each row as bytes of red, green and blue: of eight bits each, without interlacing, as browsers write them."""
    pieces = list(chunks(data))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", pieces[0][1])
    assert (depth, interlaced) == (8, 0) and kind in (2, 6), (depth, kind)
    size = 3 if kind == 2 else 4
    raw = zlib.decompress(b"".join(content for name, content in pieces if name == b"IDAT"))
    rows, above, length = [], bytearray(width * size), width * size
    for number in range(min(height, HEIGHT)):
        start = number * (length + 1)
        above = unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + length]), above, size)
        rows.append(bytes(above) if size == 3 else b"".join(bytes(above[i : i + 3]) for i in range(0, length, 4)))
    return width, rows


def unfilter(kind, row, above, size):
    """A row without its filter (PNG specification, 9)."""
    for i in range(len(row)) if kind else ():
        left, up = (row[i - size] if i >= size else 0), above[i]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            corner = above[i - size] if i >= size else 0
            guess = min((left, up, corner), key=lambda one, base=left + up - corner: abs(base - one))
        row[i] = (row[i] + guess) & 255
    return row


def palette_of(rows):
    """The most frequent colours, and which of them each colour becomes."""
    counts = Counter(row[i : i + 3] for row in rows for i in range(0, len(row), 3))
    palette = [colour for colour, _ in counts.most_common(256)]
    nearest = {colour: number for number, colour in enumerate(palette)}
    for colour in counts:
        if colour not in nearest:
            nearest[colour] = min(
                range(len(palette)), key=lambda n: sum((a - b) ** 2 for a, b in zip(palette[n], colour, strict=True))
            )
    return palette, nearest


def piece(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def small(data):
    """The same picture with a palette."""
    width, rows = rows_of(data)
    palette, nearest = palette_of(rows)
    body = b"".join(b"\0" + bytes(nearest[row[i : i + 3]] for i in range(0, len(row), 3)) for row in rows)
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    return _HEAD + piece(b"IHDR", head) + piece(b"PLTE", b"".join(palette)) + piece(b"IDAT", zlib.compress(body, 9)) + piece(b"IEND", b"")  # fmt: skip
