"""What an entered figure must be. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from services.reporting.figures.domain import STATED_PARTS, PeriodMalformed, period_of
from services.reporting.indicators.catalogue import Indicator
from shared.money import fen_from_text

State = Literal["entered", "confirmed", "withdrawn"]
MOST_ROWS: Final = 1_000
_MOST: Final = 10**15

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("指标", "指标代码", "indicator"),
    "period": ("时段", "期间"),
    "area": ("地区", "乡镇", "township"),
    "numerator": ("分子", "数值"),
    "denominator": ("分母",),
    "stated": ("比率", "完成值", "value"),
    "evidence": ("依据", "佐证", "来源"),
}
"""Field → further headers that mean it."""


class FileUnreadable(ValueError):
    """Neither UTF-8 nor GBK, without a head, or too long."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field: a code, and the cure in both languages."""

    field: str
    code: str
    message: str
    message_zh: str


@dataclass(frozen=True)
class Wanted:
    """A figure as somebody enters it; every field is text as it was typed."""

    code: str
    period: str
    area: str
    numerator: str
    denominator: str
    stated: str
    evidence: str


@dataclass(frozen=True)
class Figure:
    """A figure that may be kept: counts, fen, or a share in ten-thousandths."""

    first_day: date
    day: date
    numerator: int | None
    denominator: int | None
    stated: int | None


def read_figure(wanted: Wanted, indicator: Indicator) -> Figure | list[Fault]:
    """The figure, or everything that is wrong with it."""
    faults: list[Fault] = []
    first, last = _days(wanted.period, faults)
    unit = indicator.entry.unit
    numerator = _number("numerator", wanted.numerator, faults, money=unit == "money")
    denominator = _number("denominator", wanted.denominator, faults, money=unit == "money")
    stated = _stated(wanted.stated, faults)
    if unit == "number":
        if denominator is not None or stated is not None:
            faults.append(
                Fault(
                    "denominator",
                    "not_a_share",
                    "this is a plain number: leave it out",
                    "本指标为绝对数，不填分母和比率",
                )
            )
        if numerator is None:
            faults.append(Fault("numerator", "required", "give the number", "请填写数值"))
    elif stated is not None and numerator is None and denominator is None and unit == "count":
        pass  # The document tells the share alone.
    elif numerator is None or denominator is None:
        faults.append(
            Fault(
                "denominator",
                "required",
                "give numerator and denominator, or the share alone where the document has no more",
                "请填写分子和分母；文件只有比率时只填比率",
            )
        )
    elif denominator == 0:
        faults.append(
            Fault(
                "denominator",
                "zero",
                "of nothing there is no share: enter nothing",
                "分母不能为 0;无对象时不必填报",
            )
        )
    elif unit in ("count", "money") and numerator > denominator:
        faults.append(
            Fault(
                "numerator",
                "more_than_all",
                "the numerator is more than the denominator",
                "分子不能大于分母",
            )
        )
    elif stated is not None and not _agree(numerator, denominator, stated):
        faults.append(
            Fault(
                "stated",
                "does_not_agree",
                "the share is not numerator / denominator",
                "比率与分子、分母不符",
            )
        )
    if not wanted.evidence.strip():
        faults.append(
            Fault(
                "evidence",
                "required",
                "name the document or the list behind it",
                "请写明依据的文件或台账",
            )
        )
    if faults or first is None or last is None:
        return faults
    return Figure(first, last, numerator, denominator, stated if numerator is None else None)


def _agree(numerator: int, denominator: int, stated: int) -> bool:
    """Whether a share told with two decimals of a percent is that of its parts."""
    return abs(numerator * STATED_PARTS - stated * denominator) <= denominator


def _days(text: str, faults: list[Fault]) -> tuple[date | None, date | None]:
    try:
        period = period_of(text)
    except PeriodMalformed:
        period = None
    if period is None or period.start is None or period.end is None:
        faults.append(
            Fault(
                "period",
                "period_malformed",
                "write 2016, 2016-H1, 2016-Q2 or 2016-05",
                "请填写如 2016、2016-H1、2016-Q2 或 2016-05",
            )
        )
        return None, None
    return period.start, period.end - timedelta(days=1)


def _number(name: str, text: str, faults: list[Fault], *, money: bool) -> int | None:
    if not text.strip():
        return None
    try:
        value = int(fen_from_text(text.strip())) if money else int(text.strip())
    except ValueError:
        value = -1
    if not 0 <= value <= _MOST:
        faults.append(
            Fault(
                name,
                "not_a_number",
                "write a number from 0, an amount in CNY where it is money",
                "请填写不小于 0 的数",
            )
        )
        return None
    return value


def _stated(text: str, faults: list[Fault]) -> int | None:
    if not text.strip():
        return None
    try:
        share = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        share = Decimal("NaN")
    share = share / 100 if text.strip().endswith("%") else share
    if not share.is_finite() or not 0 <= share <= 1:
        faults.append(
            Fault("stated", "not_a_share", "write 0.9946 or 99.46%", "请填写如 0.9946 或 99.46%")
        )
        return None
    return int((share * STATED_PARTS).to_integral_value())


def read_file(content: bytes) -> list[tuple[int, Wanted]]:
    """The rows of a CSV file with their numbers, the head being 1; blank rows are left out.

    Raises:
        FileUnreadable: with the cure.
    """
    rows = list(csv.reader(io.StringIO(_decoded(content))))
    names = {alias: name for name, more in COLUMNS.items() for alias in (name, *more)}
    head = [names.get(cell.strip(), "") for cell in rows[0]] if rows else []
    missing = [name for name in ("code", "period", "numerator", "evidence") if name not in head]
    if missing:
        raise FileUnreadable(f"the first row must name the columns: {', '.join(missing)} missing")
    if len(rows) > MOST_ROWS + 1:
        raise FileUnreadable(f"send at most {MOST_ROWS} rows at a time")
    found = []
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        told = dict(zip(head, (cell.strip() for cell in cells), strict=False))
        found.append((number, Wanted(**{name: told.get(name, "") for name in COLUMNS})))
    if not found:
        raise FileUnreadable("there is no row under the head")
    return found


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable("save the file as CSV in UTF-8 or GBK")
