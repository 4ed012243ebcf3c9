"""Numbers of persons where none may stand: in what goes into URLs, events and tables in clear."""

from __future__ import annotations

import re
from datetime import date, timedelta

from shared.http.problem import FieldFault

_WRITTEN_LIKE_ONE = re.compile(r"(?<![0-9])[1-9][0-9]{5}(?P<born>[0-9]{8})[0-9]{3}[0-9Xx](?![0-9])")
_OLDEST_DAYS = 130 * 366
_LATELY = timedelta(days=366)
"""A hospital may build its numbers of area, day and sequence: a day of late is such a one."""


def holds_id_number(text: str, *, on: date) -> bool:
    """Whether an ID number of 18 characters stands in the text, by its day of birth and its check.

    Args:
        on: the day of which the text tells. A day within the year before it is taken for that of
            a visit, not of a birth, so an infant's number is not noticed.
    """
    return any(
        _is_check_right(found[0]) and _is_birth(found["born"], on=on)
        for found in _WRITTEN_LIKE_ONE.finditer(text)
    )


def visit_no_fault(field: str) -> FieldFault:
    """What is told of a visit's number that holds a number or name of the patient; never that."""
    return FieldFault(
        field,
        "identifier_in_visit_no",
        "this tells who the patient is (ID number, card, telephone or name), and a visit's number"
        " stands in addresses and events; send the hospital's own number of the visit",
        "就诊号中含有患者的证件号码、卡号、电话或姓名，而就诊号会出现在网址和事件中；"
        "请改用医院自己的就诊流水号",
    )


def _is_check_right(number: str) -> bool:
    """ISO 7064 MOD 11-2: the weighted sum of all eighteen leaves 1."""
    values = [10 if one in "Xx" else int(one) for one in number]
    return sum(value << (17 - place) for place, value in enumerate(values)) % 11 == 1


def _is_birth(digits: str, *, on: date) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return on - timedelta(days=_OLDEST_DAYS) < born < on - _LATELY
