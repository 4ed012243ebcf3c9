"""A run on paper: the statement as a workbook, the payments as a file for the bank."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.claims.clearing.domain import Payment, Run
from services.claims.clearing.repository import Item
from services.claims.fees.domain import FUND as FEE_FUND
from services.claims.fees.domain import ServiceFee
from services.claims.ledger.domain import FUND_NAMES, PURPOSE_NAMES
from shared.money import text_from_fen

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"

_FUNDS = ("基金", "应付(元)", "预留保证金(元)", "已付(元)", "已退保证金(元)", "待付(元)")
_PARTS = ("机构代码", "机构名称", "基金", "用途", *_FUNDS[1:])
_ITEMS = (
    "结算编号", "就诊号", "类型", "出院日期", "机构代码", "机构名称", "基金", "用途", "金额(元)",
)  # fmt: skip
_FEES = (
    "对账单编号", "工作月份", "机构代码", "机构名称", "基金", "用途", "份数", "金额(元)",
)  # fmt: skip
_PAYMENTS = ("付款日期", "类型", "凭证号", "机构代码", "机构名称", "基金", "用途", "金额(元)")
_BANK = ("批次", "期间", "收款机构代码", "收款机构名称", "付款基金", "用途", "金额(元)")
_KINDS = {"settlement": "结算", "reversal": "冲销"}
_PAYMENT_KINDS = {"payment": "拨付", "release": "退还保证金"}
STATUSES = {
    "draft": "编制中", "submitted": "已申报", "reviewed": "已审核", "approved": "已核准",
    "paid": "已拨付", "cancelled": "已撤销",
}  # fmt: skip

_MOST_ROWS = 1_000_000
"""Of a sheet, below what spreadsheets can hold."""
_YUAN = "#,##0.00"
_BOLD = Font(bold=True)

NameOf = Callable[[str], str]


def statement(
    run: Run,
    items: Iterable[Item],
    fees: Sequence[ServiceFee],
    payments: Iterable[Payment],
    name_of: NameOf,
) -> bytes:
    """The run by fund, by facility and fund, every settlement and fee in it, and what was paid.

    Amounts and days are numbers and dates of the spreadsheet, amounts with exactly two decimals;
    each list ends with its total.
    """
    book = Workbook(write_only=True)
    of_funds: dict[str, list[int]] = {}
    parts: list[tuple[Any, ...]] = []
    for part in run.parts:
        amounts = (
            part.amount_fen, part.held_fen, part.paid_fen, part.released_fen, part.open_fen,
        )  # fmt: skip
        sums = of_funds.setdefault(part.fund, [0] * len(amounts))
        of_funds[part.fund] = [a + b for a, b in zip(sums, amounts, strict=True)]
        parts.append(
            (
                part.facility_code,
                name_of(part.facility_code),
                FUND_NAMES[part.fund][1],
                PURPOSE_NAMES[part.use][1],
                *map(_yuan, amounts),
            )
        )
    totals = [_yuan(sum(column)) for column in zip(*of_funds.values(), strict=True)]
    _sheet(
        book, "基金汇总", _FUNDS,
        [*((FUND_NAMES[fund][1], *map(_yuan, sums)) for fund, sums in of_funds.items()),
         ("合计", *totals)],
        above=(f"清算批次 {run.id}", f"期间 {run.period}", f"状态 {STATUSES[run.status]}"),
    )  # fmt: skip
    _sheet(book, "机构汇总", _PARTS, [*parts, ("合计", "", "", "", *totals)])
    _items(book, items, name_of)
    if fees:
        _sheet(
            book, "服务费", _FEES,
            [
                *(
                    (
                        fee.statement_id,
                        fee.period,
                        fee.facility_code,
                        name_of(fee.facility_code),
                        FUND_NAMES[FEE_FUND][1],
                        PURPOSE_NAMES[fee.use][1],
                        fee.count,
                        _yuan(fee.amount_fen),
                    )
                    for fee in fees
                ),
                ("合计", *[""] * 6, _yuan(sum(fee.amount_fen for fee in fees))),
            ],
        )  # fmt: skip
    paid = list(payments)
    _sheet(
        book, "付款", _PAYMENTS,
        [
            *(
                (
                    each.paid_on,
                    _PAYMENT_KINDS[each.kind],
                    _harmless(each.reference),
                    each.facility_code,
                    name_of(each.facility_code),
                    FUND_NAMES[each.fund][1],
                    PURPOSE_NAMES[each.use][1],
                    _yuan(each.amount_fen),
                )
                for each in paid
            ),
            ("合计", *[""] * 6, _yuan(sum(each.amount_fen for each in paid))),
        ],
    )  # fmt: skip
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _items(book: Workbook, items: Iterable[Item], name_of: NameOf) -> None:
    """Every settlement; a further sheet where one is full."""
    left, number, total = iter(items), 1, 0
    rows = list(islice(left, _MOST_ROWS))
    while True:
        following = list(islice(left, _MOST_ROWS))
        total += sum(item.amount_fen for item in rows)
        listed: list[tuple[Any, ...]] = [
            (
                str(item.settlement_id),
                _harmless(item.visit_no),
                _KINDS[item.kind],
                item.discharged_on,
                item.facility_code,
                name_of(item.facility_code),
                FUND_NAMES[item.fund][1],
                PURPOSE_NAMES[item.use][1],
                _yuan(item.amount_fen),
            )
            for item in rows
        ]
        if not following:
            listed.append(("合计", *[""] * 7, _yuan(total)))
        _sheet(book, "明细" if number == 1 else f"明细{number}", _ITEMS, listed)
        if not following:
            return
        rows, number = following, number + 1


def _sheet(
    book: Workbook,
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    above: Sequence[str] = (),
) -> None:
    sheet = book.create_sheet(title)
    for column, name in enumerate(head):
        width = 20 if name.endswith("(元)") or "名称" in name or column == 0 else 14
        sheet.column_dimensions[chr(ord("A") + column)].width = width
    if above:
        sheet.append(above)
    sheet.freeze_panes = f"A{2 + bool(above)}"
    sheet.append([_cell(sheet, name, bold=True) for name in head])
    for row in rows:
        sheet.append([_cell(sheet, value, bold=row[0] == "合计") for value in row])


def _cell(sheet: Any, value: Any, *, bold: bool) -> Any:
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, Decimal):
        cell.number_format = _YUAN
    if bold:
        cell.font = _BOLD
    return cell


def _yuan(amount_fen: int) -> Decimal:
    return Decimal(amount_fen).scaleb(-2)


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
