"""Why somebody leaves a roster, in the words that offices write, and what that ends. Pure.

Poverty that is overcome ends the category of the registered poor; a death or a move ends whatever
the source gave. The day is the stated last day, or the one before the roster's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Literal

from services.identity.categories.domain import Period

Reason = Literal["lifted", "died", "moved", "not_listed", "other"]

REASONS: dict[Reason, str] = {
    "lifted": "脱贫",
    "died": "死亡",
    "moved": "迁出",
    "not_listed": "全量名册未列入",
    "other": "其他",
}
"""Code → word."""

_ALIASES: dict[str, Reason] = {
    "稳定脱贫": "lifted", "脱贫退出": "lifted", "退出": "lifted",
    "去世": "died", "亡故": "died", "病故": "died", "死亡销户": "died", "自然死亡": "died",
    "迁移": "moved", "搬迁": "moved", "户口迁出": "moved", "外迁": "moved", "迁往外地": "moved",
    "婚出": "moved", "外嫁": "moved", "婚嫁": "moved", "出国定居": "moved", "转出": "moved",
    "清退": "other", "剔除": "other", "失踪": "other", "服刑": "other", "判刑收监": "other",
    "分户": "other", "农转非": "other", "识别错误": "other", "不符合条件": "other",
}  # fmt: skip
_BY_WORD: dict[str, Reason] = {
    **{code: code for code in REASONS if code != "not_listed"},
    **{word: code for code, word in REASONS.items() if code != "not_listed"},
    **_ALIASES,
}


class LeavingReasonUnknown(ValueError):
    """The words are none of the known reasons."""


def parse_reason(text: str) -> Reason | None:
    """The reason that a roster's cell gives; None when it is blank.

    Raises:
        LeavingReasonUnknown: neither a code nor a known word.
    """
    word = "".join(unicodedata.normalize("NFKC", text).split()).lower()
    if not word:
        return None
    try:
        return _BY_WORD[word]
    except KeyError:
        raise LeavingReasonUnknown from None


def remaining(reason: Reason, codes: Sequence[str]) -> tuple[str, ...]:
    """The categories of a leaving row that go on: only who leaves poverty keeps any."""
    if reason != "lifted":
        return ()
    return tuple(code for code in codes if code != "registered_poor")


def end(known: Sequence[Period], *, last_day: date) -> tuple[Period, ...]:
    """The periods once nothing holds after ``last_day``; what would begin later never holds."""
    return tuple(
        period
        if period.valid_to is not None and period.valid_to <= last_day
        else Period(period.code, period.valid_from, last_day)
        for period in known
        if period.valid_from <= last_day
    )
