"""Which characters the shipped font has; one that it lacks must be seen to be lacking."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Any

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"
LACKING = "〓"
"""What printers set for a character that is not in the case (U+3013)."""

_SEGMENTED_COVERAGE = 12
_TABLE_RECORD = struct.Struct(">4sIII")
_SUBTABLE_RECORD = struct.Struct(">HHI")
_GROUP = struct.Struct(">III")


@cache
def covered() -> frozenset[int]:
    """The code points of the font's character map (OpenType ``cmap``, format 12).

    Raises:
        ValueError: the file is not the font that was shipped.
    """
    font = FONT.read_bytes()
    tables = struct.unpack_from(">H", font, 4)[0]
    records = (_TABLE_RECORD.unpack_from(font, 12 + 16 * n) for n in range(tables))
    start = next((offset for tag, _, offset, _ in records if tag == b"cmap"), None)
    if start is None:
        raise ValueError("the font has no character map")
    for n in range(struct.unpack_from(">H", font, start + 2)[0]):
        _, _, offset = _SUBTABLE_RECORD.unpack_from(font, start + 4 + 8 * n)
        if struct.unpack_from(">H", font, start + offset)[0] == _SEGMENTED_COVERAGE:
            return _points(font, start + offset)
    raise ValueError("the font's character map has no format 12")


def _points(font: bytes, at: int) -> frozenset[int]:
    groups = struct.unpack_from(">I", font, at + 12)[0]
    spans = (_GROUP.unpack_from(font, at + 16 + 12 * n) for n in range(groups))
    return frozenset(point for first, last, _ in spans for point in range(first, last + 1))


def printable(value: Any) -> Any:
    """JSON-like data with every character that the font lacks as :data:`LACKING`.

    Control characters become spaces. Keys stay as they are: they are ours.
    """
    if isinstance(value, str):
        return (
            "".join(map(_printable, value))
            if not value.isascii() or not value.isprintable()
            else value
        )
    if isinstance(value, dict):
        return {key: printable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printable(inner) for inner in value]
    return value


def _printable(character: str) -> str:
    if ord(character) in covered():
        return character
    return LACKING if character.isprintable() else " "
