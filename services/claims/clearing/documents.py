"""A run on paper: the statement as a workbook, the payments as a file for the bank."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from openpyxl import Workbook

from services.claims.clearing.domain import Run
from services.claims.clearing.repository import Item
from services.claims.fees.domain import FUND as FEE_FUND
from services.claims.fees.domain import ServiceFee
from services.claims.ledger.domain import FUND_NAMES, PURPOSE_NAMES
from shared.money import text_from_fen

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"

_PARTS = (
    "机构代码 Facility", "机构名称 Name", "基金 Fund", "用途 Use", "应付 Amount",
    "预留保证金 Held back", "已付 Paid", "已退保证金 Released", "待付 Open",
)  # fmt: skip
_ITEMS = (
    "结算编号 Settlement", "就诊号 Visit", "类型 Kind", "出院日期 Discharged on",
    "机构代码 Facility", "基金 Fund", "用途 Use", "金额 Amount",
)  # fmt: skip
_FEES = (
    "对账单编号 Statement", "工作月份 Month", "机构代码 Facility", "基金 Fund", "用途 Use", "份数 Count",
    "金额 Amount",
)  # fmt: skip
_BANK = ("批次 Run", "期间 Period", "收款机构代码", "收款机构名称", "付款基金", "用途", "金额(元)")
_KINDS = {"settlement": "结算", "reversal": "冲销"}

NameOf = Callable[[str], str]


def statement(
    run: Run, items: Iterable[Item], fees: Sequence[ServiceFee], name_of: NameOf
) -> bytes:
    """Each facility's and fund's sums with their total; every settlement and fee in them.

    Amounts are texts with two decimals, as everywhere outside: a spreadsheet rounds nothing.
    """
    book = Workbook(write_only=True)
    sums = book.create_sheet("汇总 Sums")
    sums.append((f"清算批次 {run.id}", f"期间 {run.period}", f"状态 {run.status}"))
    sums.append(_PARTS)
    totals = [0, 0, 0, 0, 0]
    for part in run.parts:
        amounts = (
            part.amount_fen, part.held_fen, part.paid_fen, part.released_fen, part.open_fen,
        )  # fmt: skip
        totals = [total + amount for total, amount in zip(totals, amounts, strict=True)]
        sums.append(
            (
                part.facility_code,
                name_of(part.facility_code),
                FUND_NAMES[part.fund][1],
                PURPOSE_NAMES[part.use][1],
                *map(text_from_fen, amounts),
            )
        )
    sums.append(("合计 Total", "", "", "", *map(text_from_fen, totals)))
    listed = book.create_sheet("明细 Settlements")
    listed.append(_ITEMS)
    for item in items:
        listed.append(
            (
                str(item.settlement_id),
                _harmless(item.visit_no),
                _KINDS[item.kind],
                item.discharged_on.isoformat(),
                item.facility_code,
                FUND_NAMES[item.fund][1],
                PURPOSE_NAMES[item.use][1],
                text_from_fen(item.amount_fen),
            )
        )
    if fees:
        earned = book.create_sheet("服务费 Fees")
        earned.append(_FEES)
        for fee in fees:
            earned.append(
                (
                    fee.statement_id,
                    fee.period,
                    fee.facility_code,
                    FUND_NAMES[FEE_FUND][1],
                    PURPOSE_NAMES[fee.use][1],
                    fee.count,
                    text_from_fen(fee.amount_fen),
                )
            )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def bank_file(run: Run, name_of: NameOf) -> bytes:
    """What is still to be paid, one line per facility and fund, with a byte order mark for Excel."""
    content = io.StringIO()
    lines = csv.writer(content)
    lines.writerow(_BANK)
    for part in run.parts:
        if part.open_fen:
            lines.writerow(
                (
                    str(run.id),
                    run.period,
                    part.facility_code,
                    name_of(part.facility_code),
                    FUND_NAMES[part.fund][1],
                    PURPOSE_NAMES[part.use][1],
                    text_from_fen(part.open_fen),
                )
            )
    return content.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    """A hospital's own text must not become a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
