"""The ID number as structure: GB 11643-1999 and the ways in which it is written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.idnumber.domain import (
    IdNumber,
    IdNumberFault,
    check_character,
    parse,
    to_18,
)

ON = date(2016, 7, 1)
births = st.dates(date(1890, 1, 1), ON)
areas = st.from_regex(r"[1-8][0-9]{5}", fullmatch=True)
sequences = st.integers(0, 999)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    body = f"{draw(areas)}{draw(births):%Y%m%d}{draw(sequences):03d}"
    return body + check_character(body)


@pytest.mark.parametrize(
    ("number", "born", "sex"),
    [
        ("11010519491231002X", date(1949, 12, 31), "F"),
        ("11010519491231002x", date(1949, 12, 31), "F"),
        ("110105491231002", date(1949, 12, 31), "F"),
        ('="11010519491231002X"', date(1949, 12, 31), "F"),
        ("'11010519491231002X", date(1949, 12, 31), "F"),
        ("110105 19491231 002X", date(1949, 12, 31), "F"),
        ("110105-19491231-002X", date(1949, 12, 31), "F"),
    ],
)
def test_published_examples(number: str, born: date, sex: str) -> None:
    """Goal: the standard's own number in every spelling. Method: the published example."""
    read = parse(number, on=ON)
    assert (read.value, read.birth_date, read.sex) == ("11010519491231002X", born, sex)
    assert "1949" not in repr(read)


def test_the_second_published_example() -> None:
    """Goal: the check digit of 440524188001010014 is 4. Method: computed; too old to be parsed."""
    assert check_character("44052418800101001") == "4"
    with pytest.raises(IdNumberFault) as fault:
        parse("440524188001010014", on=ON)
    assert fault.value.code == "birth_date_impossible"


@given(numbers())
def test_a_number_says_what_was_put_into_it(number: str) -> None:
    """Goal: round trip. Method: made numbers are read back, also in lower case and full width."""
    read = parse(number, on=ON)
    assert read.value == number
    assert read.birth_date == date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    assert read.sex == ("M" if int(number[16]) % 2 else "F")
    wide = "".join(chr(0xFF10 + int(c)) if c.isdigit() else c.lower() for c in number)
    assert parse(f" {wide}\u3000", on=ON) == read


@given(numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: str, place: int, step: int) -> None:
    """Goal: MOD 11-2 finds every single slip. Method: one digit is changed."""
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    with pytest.raises(IdNumberFault):
        parse(wrong, on=ON)


@given(numbers(), st.integers(0, 15))
def test_two_swapped_digits_are_always_noticed(number: str, place: int) -> None:
    """Goal: MOD 11-2 finds neighbours that changed places. Method: two digits are swapped."""
    a, b = number[place], number[place + 1]
    if a == b:
        return
    with pytest.raises(IdNumberFault):
        parse(number[:place] + b + a + number[place + 2 :], on=ON)


@given(areas, st.dates(date(1900, 1, 1), date(1999, 12, 31)), sequences)
def test_fifteen_digits_become_eighteen(area: str, born: date, sequence: int) -> None:
    """Goal: the old form is the same person. Method: both forms of one number."""
    long = f"{area}{born:%Y%m%d}{sequence:03d}"
    long += check_character(long)
    short = f"{area}{born:%y%m%d}{sequence:03d}"
    assert to_18(short) == long
    read = parse(short, on=ON)
    assert (read.value, read.from_15_digits) == (long, True)
    assert isinstance(read, IdNumber)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_cure(text: str) -> None:
    """Goal: no other exception, no value repeated. Method: random text."""
    found: IdNumber | IdNumberFault
    try:
        found = parse(text, on=ON)
    except IdNumberFault as fault:
        found = fault
    if isinstance(found, IdNumber):
        assert check_character(found.value[:17]) == found.value[17]
    else:
        assert all((found.code, found.message, found.message_zh))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5.11E+17", "excel_number"),
        ("5.11301E17", "excel_number"),
        ("519901198001010000", "excel_number"),
        ("51990119800101", "id_number_length"),
        ("51990119800101001A", "id_number_characters"),
        ("519901198013010013", "birth_date_impossible"),
        ("519901201702300010", "birth_date_impossible"),
        ("519901201612310019", "birth_date_future"),
        ("110105491331002", "birth_date_impossible"),
        ("110105194912310021", "check_digit"),
    ],
)
def test_faults_by_name(text: str, code: str) -> None:
    """Goal: each slip has its own code. Method: one number per slip."""
    with pytest.raises(IdNumberFault) as fault:
        parse(text, on=ON)
    assert fault.value.code == code
