"""Latin texts and codes; the stand-in names of newborns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.matching.names.latin import (
    CodeLevel,
    TextLevel,
    compare_codes,
    compare_texts,
    phonetic,
    prepare_text,
)
from services.identity.matching.names.newborns import NewbornName, read_newborn_name


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Stanley Street", " stanley  STREET ", TextLevel.EXACT),
        ("Stanley Street", "Stanly Street", TextLevel.NEAR),
        ("mount barker", "mountbarker", TextLevel.CLOSE),
        ("campbell", "cambell", TextLevel.CLOSE),
        ("william", "willliams", TextLevel.CLOSE),
        ("joshua", "josuha", TextLevel.CLOSE),
        ("nicholas", "nikolas", TextLevel.NEAR),
        ("street stanley", "stanley street", TextLevel.NEAR),
        ("port macquarie", "lake macquarie", TextLevel.OVERLAP),
        ("keith", "kth", TextLevel.OVERLAP),
        ("smith", "walker", TextLevel.DIFFERS),
        ("12", "57", TextLevel.DIFFERS),
    ],
)
def test_texts_are_graded(one: str, other: str, level: TextLevel) -> None:
    """Goal: each grade is reached. Method: pairs, both directions."""
    first, second = prepare_text(one), prepare_text(other)
    assert first is not None
    assert second is not None
    assert compare_texts(first, second) is level
    assert compare_texts(second, first) is level


def test_nothing_but_punctuation_is_missing() -> None:
    """Goal: an empty value is no value. Method: spaces and marks."""
    assert prepare_text(" -. ") is None


@pytest.mark.parametrize(
    ("word", "code"),
    [("robert", "r163"), ("rupert", "r163"), ("ashcraft", "a261"), ("tymczak", "t522"),
     ("pfister", "p236"), ("honeyman", "h555"), ("", ""), ("12", "12")],
)  # fmt: skip
def test_phonetic_codes_follow_the_published_examples(word: str, code: str) -> None:
    """Goal: the code is Soundex. Method: the examples of the National Archives' description."""
    assert phonetic(word) == code


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("4216", "4216", CodeLevel.EXACT),
        ("4216", "4261", CodeLevel.ONE_EDIT),
        ("4216", "4215", CodeLevel.ONE_EDIT),
        ("4216", "421", CodeLevel.ONE_EDIT),
        ("4216", "5316", CodeLevel.DIFFERS),
    ],
)
def test_codes_forgive_one_edit(one: str, other: str, level: CodeLevel) -> None:
    """Goal: postcodes with a slip. Method: pairs, both directions."""
    assert compare_codes(one, other) is level
    assert compare_codes(other, one) is level


@given(st.text(alphabet="abc d12", max_size=8), st.text(alphabet="abc d12", max_size=8))
def test_text_levels_are_symmetric(one: str, other: str) -> None:
    """Goal: order does not matter. Method: any texts."""
    first, second = prepare_text(one), prepare_text(other)
    if first and second:
        assert compare_texts(first, second) is compare_texts(second, first)


@pytest.mark.parametrize(
    ("text", "parent", "sex", "order"),
    [
        ("王小红之子", "王小红", "M", None),
        ("王小红之女", "王小红", "F", None),
        ("王小红 之 次女", "王小红", "F", 2),
        ("王小红之长子", "王小红", "M", 1),
        ("王小红之女2", "王小红", "F", 2),
        ("王小红之女（Ｂ）", "王小红", "F", 2),
        ("王小红之双胞胎子a", "王小红", "M", 1),
        ("吉克·阿依之女", "吉克·阿依", "F", None),
        ("王小红毛毛", "王小红", None, None),
        ("李芳新生儿", "李芳", None, None),
        ("李芳男婴", "李芳", "M", None),
    ],
)
def test_stand_in_names_of_newborns_are_read(
    text: str, parent: str, sex: str | None, order: int | None
) -> None:
    """Goal: mother, sex and order of birth come out. Method: the usual forms."""
    assert read_newborn_name(text) == NewbornName(parent, sex, order)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["王宝宝", "张之子", "李子", "陈子女", "王之涣", "Jane", "", "之子"]
)
def test_ordinary_names_are_no_newborns(text: str) -> None:
    """Goal: people called so are left alone. Method: names that come near the forms."""
    assert read_newborn_name(text) is None
