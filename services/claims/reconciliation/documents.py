"""A reconciliation as a workbook: both sides' sums, and every difference."""

from __future__ import annotations

import io
from collections.abc import Sequence

from openpyxl import Workbook

from services.claims.reconciliation.answers import DifferenceAnswer, PartAnswer
from services.claims.reconciliation.presenting import part_names
from shared.money import text_from_fen

_SUMS = ("项目 Part", "本系统 Here", "医院 Hospital", "差额(医院-本系统) Difference")
_DIFFERENCES = (
    "差异编号 Difference", "类型 Kind", "就诊号 Visit", "结算编号 Settlement", "差额 Difference",
    "说明 In words", "状态 State", "已挂账天数 Days", "处理原因 Reason",
)  # fmt: skip
_PARTS = ("差异编号 Difference", "项目 Part", "本系统 Here", "医院 Hospital", "差额 Difference")
_STATES = {"open": "待处理", "resolved": "已说明", "cleared": "已消除"}


def workbook(
    title: str, totals: Sequence[PartAnswer], differences: Sequence[DifferenceAnswer]
) -> bytes:
    """Three sheets; amounts are texts with two decimals, so that a spreadsheet rounds nothing."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("总账 Sums")
    sheet.append((title,))
    sheet.append(_SUMS)
    for part in totals:
        sheet.append(
            (part_names(part.part)[0], *map(_money, (part.here, part.there, part.difference)))
        )
    sheet = book.create_sheet("差异 Differences")
    sheet.append(_DIFFERENCES)
    for one in differences:
        sheet.append(
            (
                one.difference_id,
                one.kind_zh,
                one.visit_no or "",
                one.settlement_id or "",
                _money(one.difference),
                one.message_zh,
                _STATES[one.status],
                str(one.age_days),
                _harmless(one.reason or ""),
            )
        )
    sheet = book.create_sheet("分项 Parts")
    sheet.append(_PARTS)
    for one in differences:
        for part in one.parts:
            sheet.append(
                (
                    one.difference_id,
                    part_names(part.part)[0],
                    *map(_money, (part.here, part.there, part.difference)),
                )
            )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _money(fen: int | None) -> str:
    return "" if fen is None else text_from_fen(fen)


def _harmless(text: str) -> str:
    """Somebody's own words must not become a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
