"""Texts of Latin script: names, suburbs, streets and codes, by graded Jaro-Winkler levels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import OSA, JaroWinkler

from services.identity.matching.names.folding import fold_latin, half_width

CLOSE_FROM = 0.95
NEAR_FROM = 0.88
_SHORTEST_PREFIX = 3
_SOUNDS = {
    letter: digit
    for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}


class TextLevel(StrEnum):
    """What two short texts have in common, the strongest evidence first."""

    EXACT = "exact"
    CLOSE = "close"
    """Jaro-Winkler at least 0.95: one slip; or the same but for spaces."""
    NEAR = "near"
    """Jaro-Winkler at least 0.88, or the same words in another order."""
    OVERLAP = "overlap"
    """A word in common, one text begins with the other, or both sound alike (Soundex)."""
    DIFFERS = "differs"


class CodeLevel(StrEnum):
    """What two codes (postcode, street number) have in common."""

    EXACT = "exact"
    ONE_EDIT = "one_edit"
    """One character put in, left out or replaced, or two neighbours exchanged."""
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class TextForm:
    """A prepared text: folded (no accents, punctuation, case), its words, how it sounds."""

    folded: str
    words: frozenset[str]
    sound: str


def prepare_text(text: str) -> TextForm | None:
    """Prepare a text for comparison; None when nothing is left of it (missing)."""
    folded = fold_latin(half_width(text))
    if not folded:
        return None
    return TextForm(folded, frozenset(folded.split()), phonetic(folded.replace(" ", "")))


def phonetic(word: str) -> str:
    """The Soundex code of a word (first letter and three digits; US National Archives' rules)."""
    if not word or not word[0].isalpha():
        return word
    code = word[0]
    last = _SOUNDS.get(word[0], 0)
    for letter in word[1:]:
        digit = _SOUNDS.get(letter, 0)
        if digit and digit != last:
            code += str(digit)
        # h and w do not part two consonants of one sound, vowels do.
        if letter not in "hw":
            last = digit
    return (code + "000")[:4]


def compare_texts(asked: TextForm, registered: TextForm) -> TextLevel:
    """The level of two texts; symmetric."""
    one, other = asked.folded, registered.folded
    if one == other:
        return TextLevel.EXACT
    likeness = JaroWinkler.similarity(one, other, score_cutoff=NEAR_FROM)
    if likeness >= CLOSE_FROM:
        return TextLevel.CLOSE
    if likeness >= NEAR_FROM:
        return TextLevel.NEAR
    if len(asked.words) > 1 or len(registered.words) > 1:
        if one.replace(" ", "") == other.replace(" ", ""):
            return TextLevel.CLOSE
        if asked.words == registered.words:
            return TextLevel.NEAR
        if not asked.words.isdisjoint(registered.words):
            return TextLevel.OVERLAP
    if asked.sound == registered.sound and asked.sound[0].isalpha():
        return TextLevel.OVERLAP
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if len(short) >= _SHORTEST_PREFIX and long.startswith(short):
        return TextLevel.OVERLAP
    return TextLevel.DIFFERS


def compare_codes(asked: str, registered: str) -> CodeLevel:
    """The level of two codes, compared as they are written; symmetric."""
    if asked == registered:
        return CodeLevel.EXACT
    near = OSA.distance(asked, registered, score_cutoff=1) == 1
    return CodeLevel.ONE_EDIT if near else CodeLevel.DIFFERS
