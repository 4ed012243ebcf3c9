"""Identity numbers: slips, the old form, and the neighbours that are looked up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.idnumber import domain as idnumber
from services.identity.matching.numbers import (
    NumberForm,
    NumberLevel,
    area_codes,
    compare_numbers,
    neighbours,
    prepare_number,
)

TODAY = date(2020, 6, 1)


def number(area: str = "511113", born: str = "19630215", sequence: str = "012") -> str:
    """A valid number of nobody."""
    body = area + born + sequence
    return body + idnumber.check_character(body)


def form(text: str) -> NumberForm:
    return prepare_number(text, on=TODAY)


NUMBER = number()
OLD = NUMBER[:6] + NUMBER[8:17]
BORN = st.dates(date(1920, 1, 1), date(2020, 5, 31))
NUMBERS = st.builds(
    lambda born, sequence: number(born=f"{born:%Y%m%d}", sequence=f"{sequence:03}"),
    BORN,
    st.integers(0, 999),
)


def test_a_valid_number_tells_birth_sex_and_area() -> None:
    """Goal: structure is read. Method: a number in odd writing, and its old form."""
    for text in (f" {NUMBER[:6]} {NUMBER[6:]} ", OLD):
        prepared = form(text)
        assert prepared.valid
        assert prepared.value18 == NUMBER
        assert (prepared.birth_date, prepared.sex) == (date(1963, 2, 15), "F")
        assert prepared.area == "511113"
        assert prepared.retired_area is False
        assert NUMBER[6:14] not in repr(prepared)


@pytest.mark.parametrize(
    ("text", "fault", "readable"),
    [
        (NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2"), "check_digit", True),
        (NUMBER[:17], "id_number_length", True),
        (NUMBER[:10] + "O" + NUMBER[11:], "id_number_characters", True),
        ("5.11113E+17", "excel_number", False),
        (NUMBER[:14] + "1000", "excel_number", False),
        ("5111131963", "id_number_length", False),
        ("", "id_number_length", False),
    ],
)
def test_a_faulty_number_keeps_its_fault(text: str, fault: str, readable: bool) -> None:
    """Goal: nothing is raised; what cannot be read is no evidence. Method: broken numbers."""
    prepared = form(text)
    assert (prepared.fault, prepared.value18, prepared.birth_date) == (fault, None, None)
    assert prepared.retired_area is None
    assert prepared.readable is readable
    level = compare_numbers(prepared, form(NUMBER))
    assert (level is NumberLevel.UNREADABLE) is not readable


@pytest.mark.parametrize(
    ("asked", "level"),
    [
        (NUMBER, NumberLevel.EXACT),
        (OLD, NumberLevel.EXACT),
        (NUMBER[:9] + "4" + NUMBER[10:], NumberLevel.REPAIRED),
        (NUMBER[:8] + NUMBER[9] + NUMBER[8] + NUMBER[10:], NumberLevel.REPAIRED),
        (NUMBER[:8] + NUMBER[9:], NumberLevel.REPAIRED),
        (NUMBER[:8] + "7" + NUMBER[8:], NumberLevel.REPAIRED),
        (OLD[:12] + "9" + OLD[13:], NumberLevel.REPAIRED),
        (OLD[:4] + OLD[5:], NumberLevel.REPAIRED),
        (NUMBER[:10] + "O" + NUMBER[11:], NumberLevel.REPAIRED),
        ("9" + NUMBER[1:5] + "9" + NUMBER[6:], NumberLevel.NEAR),
        (number(sequence="014"), NumberLevel.NEAR),
        (number(born="19880808", sequence="777"), NumberLevel.DIFFERS),
    ],
)
def test_slips_have_their_level_in_both_directions(asked: str, level: NumberLevel) -> None:
    """Goal: one edit is a repair, two are near. Method: slips in both forms, either asked."""
    assert compare_numbers(form(asked), form(NUMBER)) is level
    assert compare_numbers(form(NUMBER), form(asked)) is level


def test_the_same_wrong_number_on_both_sides_is_the_same() -> None:
    """Goal: a roster's own slip is found by itself. Method: one invalid number twice."""
    wrong = form(NUMBER[:9] + "4" + NUMBER[10:])
    assert compare_numbers(wrong, wrong) is NumberLevel.EXACT
    other = form(number(born="19880808", sequence="777")[:17] + "X")
    assert other.value18 is None
    assert compare_numbers(wrong, other) is NumberLevel.DIFFERS


@given(NUMBERS, st.data())
@settings(max_examples=60)
def test_the_right_number_is_among_the_neighbours_of_every_slip(
    right: str, data: st.DataObject
) -> None:
    """Goal: look-up finds whoever was meant. Method: each kind of edit, anywhere, in both forms."""
    written = right
    if right[6:8] == "19" and data.draw(st.booleans()):
        written = right[:6] + right[8:17]
    at = data.draw(st.integers(0, len(written) - 2))
    digit = data.draw(st.sampled_from("0123456789"))
    slips = {
        written[:at] + digit + written[at + 1 :],
        written[:at] + written[at + 1] + written[at] + written[at + 2 :],
        written[:at] + written[at + 1 :],
        written[:at] + digit + written[at:],
    }
    for slip in slips - {written}:
        found = list(neighbours(slip))
        if form(slip).value18 != right:
            assert right in found, slip


@given(NUMBERS, st.integers(0, 17), st.sampled_from("0123456789X"))
@settings(max_examples=60)
def test_every_neighbour_is_valid_and_told_once(right: str, at: int, char: str) -> None:
    """Goal: only valid numbers are looked up. Method: parse each neighbour of a typed number."""
    typed = right[:at] + char + right[at + 1 :]
    found = list(neighbours(typed, on=TODAY))
    assert len(found) == len(set(found))
    assert typed not in found
    for each in found:
        assert idnumber.parse(each, on=TODAY).value == each
        assert f"{TODAY:%Y%m%d}" >= each[6:14]
        assert compare_numbers(form(typed), form(each)) in (
            NumberLevel.REPAIRED,
            NumberLevel.UNREADABLE,
        )


def test_a_right_long_number_has_no_neighbour() -> None:
    """Goal: the check character keeps valid numbers apart. Method: neighbours of a valid one."""
    assert list(neighbours(NUMBER)) == []
    assert NUMBER not in set(neighbours(OLD))


@pytest.mark.parametrize("text", ["", "51111", "5.11113E+17", "X" * 18, "５" * 30])
def test_what_is_no_number_has_no_neighbours(text: str) -> None:
    """Goal: rubbish costs nothing. Method: texts of no use."""
    assert list(neighbours(text)) == []


def test_29_february_needs_a_leap_year() -> None:
    """Goal: no impossible birth dates are looked up. Method: a slip that leads to 1900-02-29."""
    right = number(born="19600229")
    typed = right[:8] + "5" + right[9:]
    found = list(neighbours(typed))
    assert right in found
    assert all(each[10:14] != "0229" or int(each[6:10]) % 4 == 0 for each in found)


def test_abolished_area_codes_are_known() -> None:
    """Goal: retired codes are told, unknown ones not guessed. Method: 重庆 as a part of Sichuan."""
    codes = area_codes()
    assert codes["510202"] is True
    assert codes["511113"] is False
    assert form(number(area="510202")).retired_area is True
    assert form(number(area="999999")).retired_area is None
