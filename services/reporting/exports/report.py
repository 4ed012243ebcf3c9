"""The monthly report 月报 of a closing, as typed tables."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.reporting.exports.domain import Cell, Column, Report, Table
from services.reporting.indicators.catalogue import catalogue
from services.reporting.month_closes.domain import STATUS_WORDS, Close, due_on
from services.reporting.register.domain import KIND_WORDS
from shared.clock import SHANGHAI, business_date

STATES = {
    "met": "● 达标",
    "warned": "◆ 关注",
    "missed": "▼ 未达标",
    "none": "—",
    "not_applicable": "不适用",
}
_DIRECTIONS = {"at_most": "≤", "at_least": "≥", "about": "约"}
DATASET_WORDS = {
    "settled": "结算",
    "discharged": "出院(就诊)",
    "recognitions": "识别",
    "entries": "填报数据",
}


def monthly_report(close: Close, region_name: str, townships: list[str], due_day: int) -> Report:
    """The report of a closing; of one that is not signed it says so."""
    year, month = close.month.split("-")
    closed_at = (
        close.closed_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if close.closed_at else "—"
    )
    return Report(
        title=f"{region_name}健康扶贫月报",
        subtitle=f"{year} 年 {int(month)} 月",
        facts=(
            ("月结编号", close.number),
            ("状态", STATUS_WORDS[close.status]),
            ("数据截取时间", close.cut_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")),
            ("签发时间", closed_at),
            ("在册人员统计日", str(close.figures["day"])),
            ("文件校验值 SHA-256", _in_groups(close.sha256)),
        ),
        summary=_summary(close, townships),
        tables=(
            _indicators(close),
            _places(close, "townships", "分乡镇情况", "乡镇"),
            _places(close, "facilities", "分机构情况", "机构"),
            _corrections(close),
            timeliness_table(close, townships, due_day),
            *register_table(close),
        ),
        mark=mark_of(close),
    )


def mark_of(close: Close) -> str | None:
    """What stands across the first page of a paper that nobody may rely on."""
    if close.status == "reopened":
        return "已重开作废：以新签发的月结为准"
    if close.status != "closed":
        return f"暂定数据({STATUS_WORDS[close.status]})，未经签发，不得对外使用"
    return None


def _in_groups(sha256: str | None) -> str:
    """A hash in groups, so that it is compared by eye and may be broken between lines."""
    if sha256 is None:
        return "—"
    return " ".join(sha256[at : at + 16] for at in range(0, len(sha256), 16))


def _summary(close: Close, townships: list[str]) -> tuple[str, ...]:
    figures = close.figures
    missed = [each["name_zh"] for each in figures["indicators"] if each["status"] == "missed"]
    met = sum(each["status"] == "met" for each in figures["indicators"])
    share = next(each for each in figures["indicators"] if each["code"] == "personal_share")
    cost, own = Decimal(share["denominator"]), Decimal(share["numerator"])
    value = f"个人支付占比 {percent(share['value'])}，目标 {target_of(share)}。"
    judged = f"有目标的指标中达标 {met} 项，未达标 {len(missed)} 项"
    lines = [
        f"登记对象医疗总费用 {cost:,.2f} 元，个人支付 {own:,.2f} 元，{value}",
        f"{judged}:{'、'.join(missed)}。" if missed else f"{judged}。",
    ]
    count = figures["corrections"]["count"]
    lines.append(
        f"本月补记和更正以前月份的记录 {count} 条，单列于“以前月份调整”，不计入本月各项指标。"
        if count
        else "本月没有对以前月份的调整。"
    )
    register = figures.get("register")
    if register is not None:
        lines.append(
            f"台账本月新增 {register['opened']} 项，销号 {register['closed']} 项，月末未销号"
            f" {register['open']} 项，其中逾期 {len(register['overdue'])} 项。"
        )
    missing = close.missing(townships)
    if missing:
        lines.append(f"尚未报送的乡镇：{'、'.join(missing)}。")
    return tuple(lines)


def percent(value: str | None) -> str:
    return "不适用" if value is None else f"{Decimal(value) * 100:.2f}%"


def target_of(indicator: Mapping[str, Any]) -> str:
    if indicator["target"] is None:
        return "—"
    target = value_of(indicator["target"], indicator["unit"])
    told = target if isinstance(target, str) else percent(indicator["target"])
    return f"{_DIRECTIONS[indicator['direction']]} {told}"


_SHARES = frozenset({"money", "count"})
"""Units of which an indicator's value is a share; others are told in their own."""


def value_of(value: str | None, unit: str) -> Cell:
    """An indicator's value: a share as a Decimal, a rate or a plain number written out."""
    if value is None or unit in _SHARES:
        return _typed(value, "ratio")
    return f"{value}/10万" if unit == "per_100k" else value


def _typed(value: str | int | None, kind: str) -> Cell:
    """A figure of the API as a typed cell."""
    if value is None:
        return None
    if kind in {"ratio", "money"}:
        return Decimal(str(value))
    number = Decimal(str(value))
    return int(number) if number == number.to_integral_value() else number


def _indicators(close: Close) -> Table:
    rows = [
        (
            each["name_zh"],
            each["numerator_zh"],
            _typed(each["numerator"], each["unit"]),
            each["denominator_zh"],
            _typed(each["denominator"], each["unit"]),
            value_of(each["value"], each["unit"]),
            target_of(each),
            STATES[each["status"]],
            each["citation"],
        )
        for each in close.figures["indicators"]
    ]
    return Table(
        "indicators",
        "主要指标",
        (
            Column("指标", "text"),
            Column("含义", "text", "分子"),
            # Money or a number of things, told by its own type.
            Column("数值", "money", "分子"),
            Column("含义", "text", "分母"),
            Column("数值", "money", "分母"),
            Column("完成值", "ratio"),
            Column("目标", "text"),
            Column("状态", "text"),
            Column("依据", "text"),
        ),
        tuple(rows),
    )


def _places(close: Close, key: str, title: str, head: str) -> Table:
    codes = [
        (each["code"], each["name_zh"], each["unit"])
        for each in close.figures["indicators"]
        if (key == "townships" or each["code"] not in _OF_PEOPLE)
        # What applies to no place has no column: forty of them are legible on no paper.
        and any(
            place["indicators"][each["code"]]["value"] is not None for place in close.figures[key]
        )
    ]
    columns = [
        Column(head, "text"),
        Column("已结算", "count", "就诊(人次)"),
        Column("登记对象", "count", "就诊(人次)"),
        Column("总费用", "money", "登记对象费用(元)"),
        Column("个人支付", "money", "登记对象费用(元)"),
        *(Column(name, "ratio", "指标完成值") for _, name, _ in codes),
    ]
    rows = []
    for place in close.figures[key]:
        sums, indicators = place["sums"], place["indicators"]
        rows.append(
            (
                place["name_zh"],
                int(sums.get("settled_visits", 0)),
                int(sums.get("registered_visits", 0)),
                Decimal(str(sums.get("registered_total_fen", "0.00"))),
                Decimal(str(sums.get("registered_patient_fen", "0.00"))),
                *(value_of(indicators[code]["value"], unit) for code, _, unit in codes),
            )
        )
    return Table(key, title, tuple(columns), tuple(rows))


_OF_PEOPLE = frozenset(
    code for code, indicator in catalogue().items() if indicator.entry.dataset == "people"
)
"""People have no facility."""


def _corrections(close: Close) -> Table:
    """One row per earlier month and kind of record, and each month's difference in money."""
    told = close.figures["corrections"]
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for each in told["rows"]:
        counts.setdefault((each["of_month"], each["dataset"]), {})[each["kind"]] = each["rows"]
    money = {each["month"]: each["sums"] for each in told["months"]}
    rows = []
    for (month, dataset), kinds in counts.items():
        sums = money[month] if dataset == "settled" else {}
        rows.append(
            (
                month,
                DATASET_WORDS[dataset],
                kinds.get("late", 0),
                kinds.get("changed", 0),
                kinds.get("withdrawn", 0),
                Decimal(str(sums.get("total_fen", "0.00"))) if sums else None,
                Decimal(str(sums.get("patient_fen", "0.00"))) if sums else None,
            )
        )
    return Table(
        "corrections",
        "以前月份调整",
        (
            Column("所属月份", "text"),
            Column("记录", "text"),
            Column("迟到补记", "count", "条数"),
            Column("更正", "count", "条数"),
            Column("撤回", "count", "条数"),
            Column("总费用", "money", "差额(元)"),
            Column("个人支付", "money", "差额(元)"),
        ),
        tuple(rows),
    )


def register_table(close: Close) -> tuple[Table, ...]:
    """Items of the register that were late at the month's end; none of months closed without it."""
    register = close.figures.get("register")
    if register is None:
        return ()
    rows = [
        (
            each["number"],
            each["title"],
            KIND_WORDS[each["kind"]],
            each["area_zh"],
            each["owner"],
            each["deadline"],
            each["days_late"],
            each["cause"] or "未说明(KZ-23)",
        )
        for each in register["overdue"]
    ]
    return (
        Table(
            "register",
            f"台账逾期事项(截至 {register['day']})",
            (
                Column("编号", "text"),
                Column("事项", "text"),
                Column("来源", "text"),
                Column("地区/机构", "text"),
                Column("责任单位", "text"),
                Column("时限", "text"),
                Column("逾期天数", "count"),
                Column("滞后原因", "text"),
            ),
            tuple(rows),
        ),
    )


def timeliness_table(close: Close, townships: list[str], due_day: int) -> Table:
    due = due_on(close.month, due_day)
    submitted = close.submissions()
    rows = []
    for name in townships:
        step = submitted.get(name)
        if step is None:
            rows.append((name, "—", "未报送"))
            continue
        at = step.done_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        rows.append((name, at, "按时" if business_date(step.done_at) <= due else "逾期"))
    return Table(
        "timeliness",
        f"报送情况(应于 {due} 前报送)",
        (Column("乡镇", "text"), Column("报送时间", "text"), Column("及时性", "text")),
        tuple(rows),
    )
