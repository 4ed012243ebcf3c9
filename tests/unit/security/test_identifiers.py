"""An ID number is noticed in a visit's number, and a visit's number is not taken for one."""

from datetime import date

import pytest

from shared.security.identifiers import holds_id_number
from tests.support.people import id_number

ON = date(2016, 3, 1)
NUMBER = id_number(date(1962, 3, 4), 11)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (NUMBER, True),
        (f"ZY-{NUMBER}-2", True),
        (id_number(date(1962, 3, 4), 43).lower(), True),
        (NUMBER[:17] + ("1" if NUMBER[17] == "0" else "0"), False),
        (f"9{NUMBER}", False),
        (f"{NUMBER}7", False),
        (id_number(date(2016, 3, 1), 11), False),
        (id_number(date(2015, 3, 1), 11), False),
        (id_number(date(2015, 2, 27), 11), True),
        (id_number(date(1860, 1, 1), 11), False),
        (NUMBER[:6] + "19620230" + NUMBER[14:], False),
        ("ZY2016030001", False),
        ("", False),
    ],
)
def test_an_id_number_in_a_text(text: str, holds: bool) -> None:
    """Goal: a person's number with a right check and a day of birth, and nothing else. Method: the
    number alone, among other signs, with a wrong check, inside a longer one, and numbers built of
    area, day and sequence with the day of the visit."""
    assert holds_id_number(text, on=ON) is holds
