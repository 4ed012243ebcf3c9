import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.security.masking import mask_card_no, mask_id_number, mask_name, mask_phone

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("51130119900101123X", "5113**********123X"),
        (" 511301900101123 ", "5113*******1123"),
        ("12345", "*****"),
        ("1234567890", "********90"),
        ("", ""),
    ],
)
def test_id_numbers(number: str, masked: str):
    """Goal: the form that the contract shows, for 18 and 15 digits, and nothing from fragments."""
    assert mask_id_number(number) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳小三", "欧阳*三"),
        ("张小三四", "张**四"),
        ("阿依古丽·买买提", "阿***·***"),
        ("吉克 阿呷", "吉* **"),
        ("Zhang San", "Z**** ***"),
        ("张", "*"),
        ("", ""),
        ("  李四 ", "李*"),
        ("𠮷田", "𠮷*"),
    ],
)
def test_names(name: str, masked: str):
    """Goal: surname and last character at most, for the kinds of names in a county."""
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13800138000", "138****8000"),
        ("08331234567", "083****4567"),
        ("0833-234567", "*********67"),
        ("110", "***"),
    ],
)
def test_phones(number: str, masked: str):
    """Goal: mobiles as people know them; of anything else less."""
    assert mask_phone(number) == masked


def test_cards():
    """Goal: the last four, as on a receipt."""
    assert mask_card_no("6228480402564890018") == "***************0018"


@given(st.text(HAN, min_size=2, max_size=8))
def test_a_han_name_keeps_its_length_and_hides_its_middle(name: str):
    """Goal: never more than the surname (two characters at most) and the last one is shown."""
    masked = mask_name(name)
    shown = [place for place, character in enumerate(masked) if character != "*"]
    assert len(masked) == len(name)
    assert "*" in masked
    assert all(place in {0, 1, len(name) - 1} for place in shown)
    assert len(shown) <= 3


@given(st.text(st.sampled_from("0123456789X"), min_size=1, max_size=18))
def test_an_id_number_never_shows_more_than_eight(number: str):
    """Goal: same length, at least four hidden."""
    masked = mask_id_number(number)
    assert len(masked) == len(number)
    assert masked.count("*") >= min(4, len(number))
