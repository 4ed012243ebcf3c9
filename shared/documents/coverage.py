"""Which characters the shipped fonts have; one that they lack must be seen to be lacking."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

FONTS = Path(__file__).parent / "fonts"
LACKING = "〓"
"""What printers set for a character that is not in the case (U+3013)."""


@cache
def covered() -> frozenset[int]:
    """The code points that one of the fonts has."""
    points: set[int] = set()
    for file in sorted(FONTS.glob("*.[ot]tf")):
        with TTFont(file, lazy=True) as font:
            points.update(font.getBestCmap())
    return frozenset(points)


def printable(value: Any) -> Any:
    """JSON-like data with every character that the fonts lack as :data:`LACKING`.

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
