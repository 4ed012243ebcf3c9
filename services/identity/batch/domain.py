"""The columns of a list of visits, and what one row of it asks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from services.identity.idnumber.domain import Sex
from services.identity.matching.decision import Grade
from services.identity.roster import columns
from services.identity.roster.values import (
    Cell,
    DateImpossible,
    DateUnreadable,
    SexUnknown,
    as_text,
    is_rounded_figure,
    parse_date,
    parse_sex,
)
from shared.clock import SHANGHAI

_OWN: dict[str, tuple[str, ...]] = {
    "address": ("住址", "地址", "家庭住址", "现住址", "户籍地址", "家庭地址", "address"),
    "card_no": ("健康卡号", "电子健康卡", "电子健康卡号", "卡号", "card_no"),
    "mother_id_number": ("母亲证件号码", "母亲身份证号", "母亲身份证号码", "mother_id_number"),
    "visited_on": (
        "就诊日期", "就诊时间", "门诊日期", "门诊时间", "入院日期", "入院时间", "挂号日期",
        "挂号时间", "结算日期", "结算时间", "日期", "visited_on", "visit_date", "occurred_at",
    ),
}  # fmt: skip
_FROM_ROSTERS = frozenset(
    ("name", "id_number", "birth_date", "sex", "phone", "township", "village")
)
_BY_HEADER = {columns.key(text): code for code, texts in _OWN.items() for text in texts}
_NOON = time(12)

IDENTIFYING = ("id_number", "card_no", "name", "mother_id_number")
"""One of these columns is needed."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a row asks; the texts are as they stand in the file."""

    id_number: str | None = None
    card_no: str | None = None
    name: str | None = None
    birth_date: date | None = None
    sex: Sex | None = None
    phone: str | None = None
    address: str | None = None
    mother_id_number: str | None = None
    at: datetime | None = None
    """When the visit was, at noon of its day; None: the file does not say."""
    blank: bool = False
    """Nothing in the row names anybody."""
    faults: tuple[str, ...] = ()
    """Columns that could not be read."""

    def __repr__(self) -> str:
        """Tells nothing: names and numbers stand here."""
        return "Question(…)"


@dataclass(frozen=True, slots=True)
class Matched:
    """What came of a row; words are (Chinese, English)."""

    grade: Grade | None
    """None: the row could not be asked about; ``reasons`` say why."""
    masked_name: str | None = None
    person_id: str | None = None
    categories: tuple[str, ...] = ()
    """Codes of the categories in force on the day of the visit."""
    reasons: tuple[tuple[str, str], ...] = field(default=())
    found_nobody: bool = False
    """It asked about somebody, and nobody is near it: a list of such rows is one of guesses."""


def column_of(header: str) -> str | None:
    """The column that a header of a list of visits means; None: it is only kept."""
    own = _BY_HEADER.get(columns.key(header))
    if own is not None:
        return own
    found = columns.known_column(header)
    return found if found in _FROM_ROSTERS else None


def located(headers: Sequence[Cell]) -> dict[str, int]:
    """Column → position, of those that are known; the first of a kind counts."""
    found: dict[str, int] = {}
    for position, header in enumerate(headers):
        code = column_of(as_text(header))
        if code is not None:
            found.setdefault(code, position)
    return found


def question(line: Sequence[Cell], where: Mapping[str, int]) -> Question:
    """What a row asks. A date or sex that cannot be read is left out, and told."""
    cells = {code: line[place] for code, place in where.items() if place < len(line)}
    texts = {code: as_text(cell) for code, cell in cells.items()}
    if not any(texts.get(code) for code in IDENTIFYING):
        return Question(blank=True)
    faults: list[str] = []
    number = cells.get("id_number")
    if is_rounded_figure(number):
        # The last digits are lost: what is left would be another person's number.
        faults.append("id_number")
        texts["id_number"] = ""
    days = {code: _day(cells.get(code), code, faults) for code in ("birth_date", "visited_on")}
    sex: Sex | None = None
    try:
        sex = parse_sex(cells.get("sex"))
    except SexUnknown:
        faults.append("sex")
    place = f"{texts.get('township', '')}{texts.get('village', '')}"
    visited = days["visited_on"]
    return Question(
        id_number=texts.get("id_number") or None,
        card_no=texts.get("card_no") or None,
        name=texts.get("name") or None,
        birth_date=days["birth_date"],
        sex=sex,
        phone=texts.get("phone") or None,
        address=texts.get("address") or place or None,
        mother_id_number=texts.get("mother_id_number") or None,
        at=datetime.combine(visited, _NOON, SHANGHAI) if visited else None,
        faults=tuple(faults),
    )


def _day(cell: Cell, code: str, faults: list[str]) -> date | None:
    # A time may stand behind the day; only the day decides.
    typed = cell.strip()[:19] if isinstance(cell, str) else cell
    try:
        return parse_date(typed)
    except (DateUnreadable, DateImpossible):
        faults.append(code)
        return None
