"""The one box of the window: what clerks type, read into credentials."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.cards.domain import luhn_digit
from services.identity.screens.box import LONGEST, Box, read

NUMBER = "519901196203040119"
BIRTH = date(1962, 3, 4)
CARD = "511113000000001" + luhn_digit("511113000000001")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("张三 1962-03-04", {"name": "张三", "birth_date": BIRTH}),
        ("张三1962年3月4日", {"name": "张三", "birth_date": BIRTH}),
        ("1962/3/4,张三", {"name": "张三", "birth_date": BIRTH}),
        ("张三 1962 3 4", {"name": "张三", "birth_date": BIRTH}),
        ("姓名:张三 出生日期:1962.3.4 性别:男", {"name": "张三", "birth_date": BIRTH, "sex": "M"}),
        ("张 三 19620304 女", {"name": "张三", "birth_date": BIRTH, "sex": "F"}),
        ("阿依古丽·买买提 1962-03-04", {"name": "阿依古丽·买买提", "birth_date": BIRTH}),
        ("Abdul Karim 1962-03-04", {"name": "Abdul Karim", "birth_date": BIRTH}),
        (NUMBER, {"id_number": NUMBER}),
        ("5199 0119 6203 0401 19", {"id_number": NUMBER}),
        ("51990119620304011x", {"id_number": "51990119620304011x"}),
        (f"张三{NUMBER}", {"name": "张三", "id_number": NUMBER}),
        (f"{NUMBER} 张三", {"name": "张三", "id_number": NUMBER}),
        ("5.19901E+17", {"id_number": "5.19901E+17"}),
        (CARD, {"card_no": CARD}),
        (f"{CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}", {"card_no": CARD}),
        (
            "eyJhbGciOiJF.eyJqdGkiOiIi.c2lnbmF0dXJl",
            {"card_no": "eyJhbGciOiJF.eyJqdGkiOiIi.c2lnbmF0dXJl"},
        ),
        (
            "张三 1962-03-04 13800001111",
            {"name": "张三", "birth_date": BIRTH, "phone": "13800001111"},
        ),
        (
            "张三 1962-03-04 金河镇 河湾村",
            {"name": "张三", "birth_date": BIRTH, "address": "金河镇河湾村"},
        ),
        (
            f"张三之子 2016-02-01 母{NUMBER}",
            {"name": "张三之子", "birth_date": date(2016, 2, 1), "mother_id_number": NUMBER},
        ),
        (
            f"母亲身份证号:{NUMBER} 2016-02-01 张三之女",
            {"name": "张三之女", "birth_date": date(2016, 2, 1), "mother_id_number": NUMBER},
        ),
        ("", {"fault": "empty"}),
        ("  ", {"fault": "empty"}),
        ("张三 1962-02-30", {"fault": "birth_date"}),
        (f"{NUMBER} {NUMBER}", {"fault": "two_numbers"}),
        ("张" * 61, {"fault": "name_too_long"}),
    ],
)
def test_what_clerks_type(typed: str, expected: dict[str, Any]) -> None:
    """Goal: generous, and never wrong. Method: the writings one meets."""
    assert read(typed) == Box(**expected)


@given(st.text(max_size=LONGEST + 10))
def test_anything_is_read_and_nothing_is_told(typed: str) -> None:
    """Goal: no text breaks the window, none stands in a log. Method: any text."""
    box = read(typed)
    assert repr(box) == "Box(…)"
    assert box.fault or any(
        (box.name, box.id_number, box.card_no, box.birth_date, box.sex, box.phone, box.address,
         box.mother_id_number)
    )  # fmt: skip
