"""Writing of names made uniform: code points, dots, spaces, brackets, variant characters."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from services.identity.matching.names import tables

DOT = "·"
_DOTS = re.compile(
    r"\s*["
    # Middle dots and bullets of every block, and what is typed in their stead.
    r"·•‧∙⋅・･．。.︰᛫∘◦ꞏ●○⚫⸱⸰⸳ㆍᆞ᠂▪■‣⁃¸˙･﹒⦁◉◎⬤"
    r"\-‐-―﹣_、,’‘'`"
    r"]+\s*"
)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_HAN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_BRACKETS = re.compile(r"[(\[【〔<《{]([^()\[\]【】〔〕<>《》{}]*)[)\]】〕>》}]?")
_CALLED = re.compile(r"^(?:曾用名|又名|原名|别名|小名|也叫|又叫|彝名|汉名|藏名)[::]?")
_LATIN_NOISE = re.compile(r"[^\w\s]|_")
_SHORTEST_NAME = 2


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in a text."""
    return _HAN.search(text) is not None


def half_width(text: str) -> str:
    """NFKC, without invisible characters, with single spaces."""
    if text.isalpha() and text.isascii():
        return text
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split())


def tidy_han(text: str) -> tuple[str, tuple[str, ...]]:
    """A half-width Chinese name with one kind of dot and no spaces, and names in brackets.

    ``张三(曾用名：张小三)`` is ``张三`` and ``张小三``; a mark such as ``(大)`` is left out.
    """
    others: tuple[str, ...] = ()
    if "(" in text or _BRACKETS.search(text):
        inside = (_CALLED.sub("", found).strip() for found in _BRACKETS.findall(text))
        bare = _BRACKETS.sub("", text)
        if has_han(bare):
            others = tuple(name for name in inside if len(name) >= _SHORTEST_NAME and has_han(name))
            text = bare
    return _DOTS.sub(DOT, text).replace(" ", "").strip(DOT), others


@cache
def fold_char(char: str) -> str:
    """A Chinese character simplified and its variants united; others in lower case."""
    if _HAN.match(char):
        return tables.simplify(char)
    return char.casefold()


def fold_han(tidied: str) -> str:
    """A tidied Chinese name without dots, every character folded, surname variants united."""
    folded = "".join([fold_char(char) for char in tidied if char != DOT])
    if folded:
        surname = tables.variants()[1].get(folded[0])
        if surname is not None:
            return surname + folded[1:]
    return folded


def fold_latin(text: str) -> str:
    """A text of Latin script: no accents or punctuation, lower case, single spaces."""
    if not text.isascii():
        bare = unicodedata.normalize("NFD", text)
        text = "".join(char for char in bare if not unicodedata.combining(char))
    # O'Brien and OBrien are one word, Anne-Marie and Anne Marie two.
    text = text.replace("'", "").replace("’", "").replace(".", "")
    return " ".join(_LATIN_NOISE.sub(" ", text).casefold().split())
