"""The tables of ``matching/data`` and of the libraries, read once, when first needed."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from sys import intern
from types import MappingProxyType
from typing import TYPE_CHECKING

import opencc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0304\u030c"))
_DIAERESIS = "ü"


def rows(name: str) -> Iterator[list[str]]:
    """The rows of a table of this package; ``#`` begins a comment line, tabs part the columns."""
    text = files("services.identity.matching").joinpath("data", name).read_text(encoding="utf-8")
    return parse_rows(text)


def parse_rows(text: str) -> Iterator[list[str]]:
    """The rows of a table in this package's form."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield [column.strip() for column in line.split("\t")]


def toneless(syllable: str) -> str:
    """``shàn`` as ``shan``; ``lǚ`` as ``lv``, which is another syllable than ``lu``."""
    bare = unicodedata.normalize("NFD", syllable).translate(_TONES)
    return intern(unicodedata.normalize("NFC", bare).replace(_DIAERESIS, "v"))


@cache
def dictionary() -> Mapping[str, str]:
    """The usual toneless syllable of every Chinese character, from pypinyin's dictionary.

    The file is read without importing the package, whose phrases (45 MB in memory) have no use
    here: a name is no phrase.
    """
    spec = find_spec("pypinyin")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("pypinyin is not installed", name="pypinyin")
    path = Path(spec.submodule_search_locations[0], "pinyin_dict.json")
    readings: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    bare: dict[str, str] = {}
    syllables: dict[str, str] = {}
    for code, known in readings.items():
        first = known.partition(",")[0]
        if first not in bare:
            bare[first] = toneless(first)
        syllables[chr(int(code))] = bare[first]
    return MappingProxyType(syllables)


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def variants() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Variant character to the one it is folded to: anywhere, and as a surname only."""
    anywhere: dict[str, str] = {}
    surnames: dict[str, str] = {}
    for variant, folded, where, _source in rows("variants.tsv"):
        (surnames if where == "surname" else anywhere)[variant] = folded
    return anywhere, surnames


def simplify(char: str) -> str:
    """A character as it is compared: our table first, then OpenCC, then our table again."""
    anywhere, _ = variants()
    if char in anywhere:
        return anywhere[char]
    simple: str = _simplifier().convert(char)
    # A character whose simplified form is a sequence, or nothing, stays as it is.
    return anywhere.get(simple, simple) if len(simple) == 1 else char


@cache
def surname_readings() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Surname (one or two characters) to the readings of each of its characters."""
    table: dict[str, tuple[tuple[str, ...], ...]] = {}
    for surname, readings in rows("surnames.tsv"):
        syllables = [toneless(reading) for reading in readings.split()]
        table[surname] = (
            (tuple(dict.fromkeys(syllables)),)
            if len(surname) == 1
            else tuple((syllable,) for syllable in syllables)
        )
    return table


@cache
def given_readings() -> Mapping[str, tuple[str, ...]]:
    """Character of a given name to its readings, where there are several to reckon with."""
    return {
        char: tuple(dict.fromkeys(map(toneless, readings.split())))
        for char, readings in rows("readings.tsv")
    }


@cache
def transliterations() -> Mapping[str, str]:
    """Character to the syllable that it writes in transliterated names."""
    return {
        char: intern(syllable) for syllable, chars in rows("transliteration.tsv") for char in chars
    }


@cache
def lookalikes() -> frozenset[str]:
    """Pairs of characters of similar shape, each in both orders."""
    pairs = {pair for row in rows("lookalikes.tsv") for pair in row[0].split()}
    return frozenset(pairs | {pair[::-1] for pair in pairs})


@cache
def shapes() -> Mapping[str, str]:
    """Character to the representative of its family of look-alikes (for keys)."""
    parents: dict[str, str] = {}

    def root(char: str) -> str:
        while (above := parents.setdefault(char, char)) != char:
            char = above
        return char

    for pair in sorted(lookalikes()):
        one, other = sorted((root(pair[0]), root(pair[1])))
        parents[other] = one
    return {char: root(char) for char in parents}


@cache
def _accent_rules() -> tuple[tuple[str, str, str], ...]:
    return tuple((kind, old, new) for kind, old, new in rows("accents.tsv"))


@cache
def accentless(syllable: str) -> str:
    """A toneless syllable without the distinctions that the region's speech drops."""
    for kind, old, new in _accent_rules():
        if kind == "syllable" and syllable == old:
            syllable = new
        elif kind == "initial" and syllable.startswith(old):
            syllable = new + syllable[len(old) :]
        elif kind == "final" and syllable.endswith(old):
            syllable = syllable[: -len(old)] + new
    return intern(syllable)
