"""What a simulation found as a workbook: the sums, payers, groups, reasons and changed visits."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.claims.screens.kit import said
from services.claims.screens.simulating import sides
from services.claims.simulations.schemas import SimulationAnswer

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_YUAN: Final = "#,##0.00"
_SHARE: Final = "0.00%"
_BOLD: Final = Font(bold=True)
_PAYERS: Final = ("支付方 Payer", "原来(元) Before", "测算(元) After", "变化(元) Change")
_GROUPS: Final = (
    "分组 By", "类别 Group", "人次 Visits", "总费用(元) Total", "原来个人(元) Before",
    "测算个人(元) After", "原来比例 Share before", "测算比例 Share after",
)  # fmt: skip
_REASONS: Final = (
    "原因 Reason", "原来个人(元) Before", "测算个人(元) After", "原来超出(元) Excess before",
    "测算超出(元) Excess after",
)  # fmt: skip
_CHANGED: Final = (
    "结算编号 Settlement", "原来个人(元) Before", "测算个人(元) After", "变化(元) Change",
)  # fmt: skip


def workbook(answer: SimulationAnswer) -> bytes:
    """Five sheets of a simulation that is done; amounts are numbers with two decimals."""
    found = answer.model_dump(mode="json")
    shown = sides(found)
    book = Workbook(write_only=True)
    _sheet(book, "总览 Summary", (), _summary(found))
    _sheet(
        book, "支付方 Payers", _PAYERS,
        [(_both(row["name"]), *(_money(row[name]) for name in ("before", "after", "change")))
         for row in shown["payers"]],
    )  # fmt: skip
    _sheet(
        book, "分组 Groups", _GROUPS,
        [
            (
                _both(said(f"sim.by_{group['label']}")), _both(row["name"]), row["after"]["visits"],
                _money(row["after"]["total"]),
                *(_money(row[side]["patient_pays"]) for side in ("before", "after")),
                *(_share(row[side]["patient_share"]) for side in ("before", "after")),
            )
            for group in shown["groups"]
            for row in group["rows"]
        ],
    )  # fmt: skip
    _sheet(
        book, "差距 Gap", _REASONS,
        [
            (
                _both(row["name"]),
                *(_money(row[side]["patient_pays"]) for side in ("before", "after")),
                *(_money(row[side]["excess"]) for side in ("before", "after")),
            )
            for row in shown["reasons"]
        ],
    )  # fmt: skip
    _sheet(
        book, "变动 Changed", _CHANGED,
        [
            (one["settlement_id"], *(_money(one[name]) for name in ("before", "after", "difference")))
            for one in found["changed"]
        ],
    )  # fmt: skip
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _summary(found: Mapping[str, Any]) -> list[Sequence[Any]]:
    before, after = found["before"], found["after"]
    rows: list[Sequence[Any]] = [
        ("政策包 Pack", found["pack"], found["pack_version"]),
        ("期间 Period", found["period"] or "—"),
        *((f"改动 Changed {name}", str(value)) for name, value in found["parameters"].items()),
        ("人次 Visits", found["visits"]),
        ("人数 Persons", found["persons"]),
        ("户数 Households", found["households"]),
        ("", "原来 Before", "测算 After"),
        ("总费用(元) Total", _money(before["total"]), _money(after["total"])),
        ("患者自付(元) Patients pay", _money(before["patient_pays"]), _money(after["patient_pays"])),
        ("自付比例 Share", _share(before["patient_share"]), _share(after["patient_share"])),
        (
            f"负担超过 {after['burden']['threshold']} 元的户数 Households above",
            before["burden"]["households_above"],
            after["burden"]["households_above"],
        ),
        *(
            (f"{zh} {name}", found[name]["visits"], found[name]["persons"],
             _money(found[name]["amount"]))
            for zh, name in (("少付", "winners"), ("多付", "losers"))
        ),
    ]  # fmt: skip
    drugs = found.get("dispensings")
    if drugs is not None and drugs["count"]:
        paid = (_money(drugs[side]["special_fund"]) for side in ("before", "after"))
        rows.append(("家庭医生投药专项基金(元) Special fund for dispensings", *paid))
        rows += [
            ("假设 Assumed", f"{each['message_zh']} {each['message']}")
            for each in drugs["assumptions"]
        ]
    reported = found.get("reported")
    if reported is not None:
        share = _share(reported["patient_share"])
        rows.append(("报告的自付比例 Reported share", share, reported["document"]))
    return rows


class _Money(Decimal):
    """An amount: a number with two decimals."""


class _Share(Decimal):
    """A share: a number shown in per cent."""


def _money(text: str | None) -> _Money | None:
    return None if text is None else _Money(text)


def _share(text: str | None) -> _Share | None:
    return None if text is None else _Share(text)


def _both(name: Mapping[str, str]) -> str:
    return f"{name['text_zh']} {name['text_en']}"


def _sheet(book: Workbook, title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    sheet = book.create_sheet(title)
    for place, width in enumerate((46, 30, 18, 18, 18, 18, 18, 18)):
        sheet.column_dimensions["ABCDEFGH"[place]].width = width
    if heads:
        sheet.append([_cell(sheet, head, bold=True) for head in heads])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    plain: Any = Decimal(value) if isinstance(value, Decimal) else value
    cell = WriteOnlyCell(sheet, value=plain)
    if isinstance(value, _Money):
        cell.number_format = _YUAN
    elif isinstance(value, _Share):
        cell.number_format = _SHARE
    if isinstance(value, str):
        # Never a formula, whatever somebody wrote into a value.
        cell.data_type = "s"
    if bold:
        cell.font = _BOLD
    return cell
