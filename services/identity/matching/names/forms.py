"""A name prepared for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from services.identity.matching.names import folding, tables

Script = Literal["han", "latin"]
_COMPOUND = 2
LONG_NAME = 4
"""From this length on a Chinese name without a compound surname is taken as a transliteration."""


@dataclass(frozen=True, slots=True)
class NameForm:
    """A name as it is compared.

    Measured memory: 170 bytes for a Chinese name of three characters, 240 when it is written in
    traditional ones, 470 for a dotted one, 360 for two Latin words; an alias adds about 100.

    Attributes:
        written: tidied (NFKC, one kind of dot, no superfluous spaces), else as it was written.
        folded: simplified, variants united, without dots and spaces, case folded.
        syllables: Chinese: one toneless syllable a character; Latin: the words.
        readings: Chinese: all readings of each character where one has several, else ().
        script: ``han`` when there is a Chinese character in it.
        dotted: whether a middle dot was written.
        aliases: other names of the person, folded.
    """

    written: str
    folded: str
    syllables: tuple[str, ...]
    readings: tuple[tuple[str, ...], ...]
    script: Script
    dotted: bool
    aliases: tuple[str, ...]

    def __repr__(self) -> str:
        """Tells nothing: a name must not reach a log by way of a traceback."""
        return "NameForm(…)"


def prepare_name(text: str, *, aliases: Sequence[str] = ()) -> NameForm:
    """Prepare a name for comparison.

    Args:
        text: the name as written; an empty one gives an empty form, which differs from all.
        aliases: former names, names of the county's table and the like, as written.
    """
    plain = folding.half_width(text)
    if not folding.has_han(plain):
        folded = folding.fold_latin(plain)
        others = tuple(dict.fromkeys(fold_name(alias) for alias in aliases)) if aliases else ()
        return NameForm(plain, folded, tuple(folded.split()), (), "latin", False, others)
    written, bracketed = folding.tidy_han(plain)
    folded = folding.fold_han(written)
    if folded == written:
        folded = written
    names = (*aliases, *bracketed)
    others = tuple(dict.fromkeys(fold_name(name) for name in names)) if names else ()
    dotted = folding.DOT in written
    syllables, readings = _sounds(folded, transliterated=dotted)
    return NameForm(written, folded, syllables, readings, "han", dotted, others)


def fold_name(text: str) -> str:
    """Only the folded text of a name, of either script."""
    plain = folding.half_width(text)
    if folding.has_han(plain):
        return folding.fold_han(folding.tidy_han(plain)[0])
    return folding.fold_latin(plain)


def surname_length(folded: str) -> int:
    """2 for a name with a compound surname, else 1 (0 for a name of one character)."""
    if len(folded) <= 1:
        return 0
    return 2 if len(folded) > _COMPOUND and folded[:2] in tables.surname_readings() else 1


@cache
def _syllable(char: str) -> tuple[str, tuple[str, ...]]:
    """A character's usual syllable in a name, and all that it may have when there are several."""
    several = tables.given_readings().get(char)
    if several is not None:
        return several[0], several if len(several) > 1 else ()
    return tables.dictionary().get(char, char), ()


@cache
def _surname_syllable(char: str) -> tuple[str, tuple[str, ...]]:
    known = tables.surname_readings().get(char)
    if known is None:
        return tables.dictionary().get(char, char), ()
    return known[0][0], known[0] if len(known[0]) > 1 else ()


@cache
def _transliterated(char: str) -> str:
    return tables.transliterations().get(char) or _syllable(char)[0]


def _sounds(
    folded: str, *, transliterated: bool
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    length = len(folded)
    compound = None
    if length > _COMPOUND:
        compound = tables.surname_readings().get(folded[:2])
        if compound is None and (transliterated or length >= LONG_NAME):
            return tuple([_transliterated(char) for char in folded]), ()
    if length == 1:
        sounds = [_surname_syllable(folded)]
    elif compound is not None:
        sounds = [(known[0], ()) for known in compound]
        sounds += [_syllable(char) for char in folded[2:]]
    else:
        sounds = [_surname_syllable(folded[0])] if folded else []
        sounds += [_syllable(char) for char in folded[1:]]
    syllables = tuple([sound for sound, _ in sounds])
    for _, several in sounds:
        if several:
            return syllables, tuple([all_ or (sound,) for sound, all_ in sounds])
    return syllables, ()
