"""The tables behind the names: complete, consistent, each row with an effect."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import opencc
import pytest
from pypinyin.constants import PINYIN_DICT

from services.identity.matching.names import load_aliases, parse_aliases, prepare_name, tables
from services.identity.matching.names.aliases import AliasTableUnreadable
from services.identity.matching.names.comparing import compare_names
from services.identity.matching.names.folding import fold_char
from services.identity.matching.names.levels import NameLevel

UNCONFIRMED_SURNAMES = set("黑谌费库郄")
"""Their further readings are not in the library's dictionary; the table's head says so."""


def test_every_variant_adds_to_opencc() -> None:
    """Goal: our table holds only what OpenCC does not do. Method: convert each row with OpenCC."""
    simplify = opencc.OpenCC("t2s").convert
    for variant, folded, where, source in tables.rows("variants.tsv"):
        assert where in {"surname", "any"}, variant
        assert source in {"second", "list", "norm", "taboo", "usage", "glyph"}, variant
        assert simplify(variant) != folded, variant


def test_folding_ends_at_once() -> None:
    """Goal: no chains: what a variant is folded to is folded to itself. Method: fold twice."""
    for variant, folded, where, _ in tables.rows("variants.tsv"):
        assert fold_char(folded) == folded, variant
        if where == "any":
            assert fold_char(variant) == folded


def test_surname_readings_are_readings_of_the_characters() -> None:
    """Goal: no slip in the readings. Method: each, with its tone, stands in pypinyin's dictionary."""
    seen = set()
    for surname, readings in tables.rows("surnames.tsv"):
        assert surname not in seen
        seen.add(surname)
        syllables = readings.split()
        if len(surname) == 2:
            assert len(syllables) == 2, surname
            for char, syllable in zip(surname, syllables, strict=True):
                assert syllable in PINYIN_DICT[ord(char)].split(","), surname
        elif surname not in UNCONFIRMED_SURNAMES:
            known = set(PINYIN_DICT[ord(surname)].split(","))
            assert set(syllables) <= known, surname


@pytest.mark.parametrize(
    ("surname", "syllables"),
    [
        ("单", "shan"), ("仇", "qiu"), ("曾", "zeng"), ("解", "xie"), ("查", "zha"),
        ("朴", "piao"), ("区", "ou"), ("繁", "po"), ("盖", "ge"), ("乐", "yue"), ("种", "chong"),
        ("纪", "ji"), ("任", "ren"), ("员", "yun"), ("宁", "ning"), ("折", "she"), ("翟", "zhai"),
        ("葛", "ge"), ("缪", "miao"), ("逄", "pang"), ("洗", "xian"), ("冼", "xian"),
        ("覃", "qin"), ("黑", "he"), ("秘", "bi"), ("那", "na"), ("能", "nai"), ("召", "shao"),
        ("尉迟", "yu chi"), ("万俟", "mo qi"), ("令狐", "ling hu"), ("单于", "chan yu"),
    ],
)  # fmt: skip
def test_special_surnames_are_read_as_surnames(surname: str, syllables: str) -> None:
    """Goal: the well-known special readings. Method: a name with each."""
    name = prepare_name(surname + "小红")
    assert " ".join(name.syllables) == syllables + " xiao hong"


def test_the_dictionary_is_that_of_pypinyin() -> None:
    """Goal: reading the file directly gives what the library gives. Method: compare every entry."""
    ours = tables.dictionary()
    assert len(ours) == len(PINYIN_DICT)
    for code, readings in PINYIN_DICT.items():
        assert ours[chr(code)] == tables.toneless(readings.split(",")[0])


def test_lookalikes_are_folded_pairs_that_sound_differently() -> None:
    """Goal: each pair can come to effect. Method: pairs in folded form, syllables differ."""
    pairs = tables.lookalikes()
    assert len(pairs) > 800
    for pair in pairs:
        assert len(pair) == 2
        assert pair[::-1] in pairs
        assert [fold_char(char) for char in pair] == list(pair)
        assert tables.dictionary()[pair[0]] != tables.dictionary()[pair[1]], pair
        assert tables.shapes()[pair[0]] == tables.shapes()[pair[1]]


def test_accents_drop_what_sichuan_speech_drops() -> None:
    """Goal: the mergers, and no more. Method: pairs of syllables that fall together, or do not."""
    merged = [("nan", "lan"), ("zhang", "zang"), ("shi", "si"), ("lin", "ling"), ("chen", "ceng")]
    assert all(tables.accentless(a) == tables.accentless(b) for a, b in [*merged, ("hu", "fu")])
    apart = ["wan", "wang", "hai", "huai", "lin", "long"]
    assert all(tables.accentless(a) != tables.accentless(b) for a, b in pairwise(apart))


def test_yi_clan_names_and_han_surnames_meet() -> None:
    """Goal: the packaged table works. Method: one person under both names."""
    table = load_aliases()
    assert table.of("卢小明") == ()
    registered = prepare_name("阿鲁小明", aliases=table.of("阿鲁·小明"))
    assert compare_names(prepare_name("卢小明"), registered) is NameLevel.ALIAS
    assert compare_names(prepare_name("马小明"), registered) is not NameLevel.ALIAS


def test_a_county_extends_the_table(tmp_path: Path) -> None:
    """Goal: a county's own file is read beside the packaged one. Method: a file with both kinds."""
    path = tmp_path / "aliases.tsv"
    path.write_text("# ours\nsurname\t沙马\t安\nname\t吉克阿依\t馬小兰\n", encoding="utf-8-sig")
    table = load_aliases([path])
    assert table.of("沙马尔洛") == ("安尔洛",)
    assert table.of("马小兰") == ("吉克阿依",)
    assert table.of("吉克·阿依") == ("马小兰",)
    assert table.of("阿鲁小明") == load_aliases().of("阿鲁小明") != ()


@pytest.mark.parametrize("row", ["surname\t沙马", "clan\t沙马\t安", "name\t\t安", "name\ta\tb\tc"])
def test_an_unreadable_alias_row_is_named(row: str) -> None:
    """Goal: a slip in the county's file is told with its row. Method: broken rows."""
    with pytest.raises(AliasTableUnreadable) as caught:
        parse_aliases("# head\nsurname\t阿鲁\t卢\n" + row)
    assert caught.value.row == 2
