"""The half-year's summary in the shape of the county's of 2016: sentences by section, then tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.reporting.exports.domain import Cell, Column, Report, Table
from services.reporting.exports.report import STATES, percent, target_of, value_of
from services.reporting.summaries.domain import PAYER_WORDS

_KINDS = {"township_hospitals": "乡镇卫生院", "other": "区级及其他医疗机构"}
_HALVES = {"1": "上", "2": "下"}


def summary_report(found: Mapping[str, Any]) -> Report:
    """The summary of a half-year's figures as typed tables; what is not signed is told first."""
    year, half = found["period"].split("-H")
    told = found["history"]
    signed = [each for each in found["months"] if each["number"] is not None]
    tables: list[Table] = []
    if signed:
        tables += [
            _payers("stays", "住院费用由谁支付(登记对象)", found["stays"]),
            _payers("visits", "全部就诊费用由谁支付(登记对象)", found["visits"]),
            _townships(found["townships"]),
            _kinds(found["facility_kinds"]),
            _months(found["months"]),
            _indicators(found["indicators"], [each["month"] for each in signed]),
            _overdue(found["overdue"]),
        ]
    if told is not None:
        tables += [_told_shares(told), _told_payers(told), _told_statistics(told)]
    missing = found["missing"]
    mark = None
    if missing and signed:
        mark = f"尚未签发、未计入的月份：{'、'.join(missing)}"
    return Report(
        title=f"{found['region']['name_zh']}健康扶贫工作{year}年{_HALVES[half]}半年总结",
        subtitle=f"{year} 年 {'1—6' if half == '1' else '7—12'} 月",
        facts=(
            ("数据来源", _source(signed, told)),
            ("已签发月份", "、".join(each["month"] for each in signed) or "无"),
            ("未签发月份", "、".join(missing) or "无"),
        ),
        summary=(*(_sentences(found) if signed else ()), *(_told(told) if told else ())),
        tables=tuple(tables),
        mark=mark,
    )


def _source(signed: Sequence[Any], told: Mapping[str, Any] | None) -> str:
    sources = ["已签发月结"] if signed else []
    if told is not None:
        sources.append(f"历史文件《{told['source']}》(单独列示，不与系统数据相加)")
    return "；".join(sources)


def _sentences(found: Mapping[str, Any]) -> tuple[str, ...]:
    people, stays, visits = found["people"], found["stays"], found["visits"]
    lines = [
        (
            f"一、基本情况。截至 {people['day']}，建档立卡等登记对象 {people['households']:,} 户、"
            f"{people['persons']:,} 人。"
        ),
        (
            f"二、住院救治。登记对象住院 {stays['persons']:,} 人、{stays['visits']:,} 人次，"
            f"总费用 {stays['total_wan']} 万元，其中{_paid(stays)}。"
            f"个人支付占比 {percent(stays['personal_share'])}({STATES[stays['personal_share_status']]})。"
            f"{_gap(stays)}"
        ),
        (
            f"三、全部就诊。{visits['visits']:,} 人次，总费用 {visits['total_wan']} 万元，"
            f"个人支付占比 {percent(visits['personal_share'])}"
            f"({STATES[visits['personal_share_status']]})。{_gap(visits)}"
        ),
        (
            f"四、目录外费用。{Decimal(visits['out_of_catalogue']):,.2f} 元，占总费用"
            f" {percent(visits['out_of_catalogue_share'])}"
            f"({STATES[visits['out_of_catalogue_share_status']]})。"
        ),
    ]
    if Decimal(found["adjusted"]):
        lines.append(
            f"以上含签发以后补记和更正的差额 {Decimal(found['adjusted']):,.2f} 元，"
            "各月已签发数字不变，见“各月情况”。"
        )
    last = [each["month"] for each in found["months"] if each["number"] is not None][-1]
    missed = [
        each["name_zh"]
        for each in found["indicators"]
        if each["months"][last]["status"] == "missed"
    ]
    lines.append(
        f"五、存在问题。{last} 未达标指标 {len(missed)} 项"
        + (f"：{'、'.join(missed)}" if missed else "")
        + f"；台账逾期未销号 {len(found['overdue'])} 项。"
    )
    return tuple(lines)


def _paid(bills: Mapping[str, Any]) -> str:
    return "、".join(
        f"{_payer(each['payer'])} {each['amount_wan']} 万元" for each in bills["payers"]
    )


def _payer(code: str) -> str:
    return PAYER_WORDS.get(code, code)


def _gap(bills: Mapping[str, Any]) -> str:
    """What rounding to 万元 lost, in words; nothing where the parts make the total."""
    gap = bills["gap_wan"]
    if not Decimal(gap["gap"]):
        return ""
    if gap["within_tolerance"]:
        return f"各项以万元四舍五入，合计与总额相差 {gap['gap']} 元，属于四舍五入(JK-36)。"
    return f"各项合计与总额相差 {gap['gap']} 元，超过四舍五入允许的 {gap['tolerance']} 元，须核对(JK-36)。"


def _told(told: Mapping[str, Any]) -> tuple[str, ...]:
    """The document's own figures, with what does not add up in them."""
    county, *others = told["personal_share"]
    paid = "、".join(
        f"{_payer(each['payer'])} {Decimal(each['amount']) / 10_000:.4f} 万元"
        for each in told["payers"]
    )
    balance = told["balance"]
    lines = [
        (
            f"历史文件：贫困户 {told['households']['value']:,} 户、建档立卡贫困人口"
            f" {told['persons']['value']:,} 人；住院贫困患者 {told['inpatients']['value']} 人，住院总费用"
            f" {Decimal(balance['total']) / 10_000:.4f} 万元，其中{paid}；个人支付占比"
            f" {percent(county['value'])}，目标 ≤ {percent(county['target'])}({STATES[county['status']]})。"
        ),
        *(
            f"{each['name_zh']}住院个人支出占 {percent(each['value'])}({STATES[each['status']]}，"
            f"{each['citation']})。"
            for each in others
        ),
    ]
    if Decimal(balance["gap"]):
        lines.append(
            f"历史文件各项合计 {Decimal(balance['parts']):,.2f} 元，与总费用"
            f" {Decimal(balance['total']):,.2f} 元相差 {balance['gap']} 元：{balance['text_zh']}。"
        )
    return tuple(lines)


def _payers(key: str, title: str, bills: Mapping[str, Any]) -> Table:
    """Each payer in CNY and 万元; the last rows are the total and what rounding lost."""
    total = Decimal(bills["total"])
    rows: list[tuple[Cell, ...]] = [
        (
            _payer(each["payer"]),
            Decimal(each["amount"]),
            Decimal(each["amount_wan"]),
            Decimal(each["amount"]) / total if total else None,
        )
        for each in bills["payers"]
    ]
    rows.append(("总费用", total, Decimal(bills["total_wan"]), Decimal(1) if total else None))
    rows.append(("万元列合计与总额的差(四舍五入)", Decimal(bills["gap_wan"]["gap"]), None, None))
    return Table(
        key,
        title,
        (
            Column("支付方", "text"),
            Column("金额(元)", "money"),
            Column("金额(万元)", "wan"),
            Column("占比", "ratio"),
        ),
        tuple(rows),
    )


_BILL_COLUMNS = (
    Column("人数", "count"),
    Column("人次", "count"),
    Column("总费用(元)", "money"),
    Column("个人支付(元)", "money"),
    Column("占比", "ratio", "个人支付"),
    Column("状态", "text", "个人支付"),
    Column("占比", "ratio", "目录外费用"),
    Column("状态", "text", "目录外费用"),
)


def _bill_cells(each: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        each["persons"],
        each["visits"],
        Decimal(each["total"]),
        Decimal(each["patient"]),
        _ratio(each["personal_share"]),
        STATES[each["personal_share_status"]],
        _ratio(each["out_of_catalogue_share"]),
        STATES[each["out_of_catalogue_share_status"]],
    )


def _ratio(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _townships(townships: Sequence[Mapping[str, Any]]) -> Table:
    names = {"unknown": "住址不详"}
    return Table(
        "townships",
        "各乡镇登记对象就诊",
        (Column("乡镇", "text"), *_BILL_COLUMNS),
        tuple(
            (names.get(each["name_zh"], each["name_zh"]), *_bill_cells(each)) for each in townships
        ),
    )


def _kinds(kinds: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "facility_kinds",
        "住院按机构类别(登记对象)",
        (Column("机构类别", "text"), *_BILL_COLUMNS),
        tuple((_KINDS[each["kind"]], *_bill_cells(each)) for each in kinds),
    )


def _months(months: Sequence[Mapping[str, Any]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for each in months:
        if each["number"] is None:
            rows.append((each["month"], "未签发", None, None, None, "—", None, ""))
            continue
        rows.append(
            (
                each["month"],
                each["number"],
                Decimal(each["total"]),
                Decimal(each["patient"]),
                _ratio(each["personal_share"]),
                STATES[each["status"]],
                each["corrections"],
                each["sha256"][:16],
            )
        )
    return Table(
        "months",
        "各月情况(已签发数字)",
        (
            Column("月份", "text"),
            Column("月结编号", "text"),
            Column("总费用(元)", "money"),
            Column("个人支付(元)", "money"),
            Column("个人支付占比", "ratio"),
            Column("状态", "text"),
            Column("含以前月份调整(条)", "count"),
            Column("校验值前 16 位", "text"),
        ),
        tuple(rows),
    )


def _indicators(indicators: Sequence[Mapping[str, Any]], months: Sequence[str]) -> Table:
    return Table(
        "indicators",
        "各项指标逐月",
        (
            Column("指标", "text"),
            Column("目标", "text"),
            *(Column(month, "ratio") for month in months),
            Column("末月状态", "text"),
        ),
        tuple(
            (
                each["name_zh"],
                target_of(each),
                *(value_of(each["months"][month]["value"], each["unit"]) for month in months),
                STATES.get(each["months"][months[-1]]["status"], "—"),
            )
            for each in indicators
        ),
    )


def _overdue(overdue: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "overdue",
        "台账逾期事项",
        (
            Column("编号", "text"),
            Column("事项", "text"),
            Column("责任单位", "text"),
            Column("时限", "text"),
            Column("逾期天数", "count"),
            Column("滞后原因", "text"),
        ),
        tuple(
            (
                each["number"],
                each["title"],
                each["owner"],
                each["deadline"],
                each["days_late"],
                each["cause"] or "未说明(KZ-23)",
            )
            for each in overdue
        ),
    )


def _told_shares(told: Mapping[str, Any]) -> Table:
    """County and township hospitals, each against the target."""
    return Table(
        "history_shares",
        "历史文件：住院个人支付占比",
        (
            Column("范围", "text"),
            Column("个人支付(元)", "money"),
            Column("总费用(元)", "money"),
            Column("占比", "ratio"),
            Column("目标", "text"),
            Column("状态", "text"),
            Column("依据", "text"),
        ),
        tuple(
            (
                each["name_zh"],
                None if each["numerator"] is None else Decimal(each["numerator"]),
                None if each["denominator"] is None else Decimal(each["denominator"]),
                Decimal(each["value"]),
                f"≤ {percent(each['target'])}",
                STATES[each["status"]],
                each["citation"],
            )
            for each in told["personal_share"]
        ),
    )


def _told_payers(told: Mapping[str, Any]) -> Table:
    balance = told["balance"]
    total = Decimal(balance["total"])
    rows: list[tuple[Cell, ...]] = [
        (
            _payer(each["payer"]),
            Decimal(each["amount"]),
            Decimal(each["amount"]) / 10_000,
            Decimal(each["amount"]) / total,
            each["citation"],
        )
        for each in told["payers"]
    ]
    rows += [
        (
            "各项合计",
            Decimal(balance["parts"]),
            Decimal(balance["parts"]) / 10_000,
            None,
            "JK-36",
        ),
        ("总费用", total, total / 10_000, Decimal(1), "JK-32"),
        ("相差", Decimal(balance["gap"]), None, None, "JK-36"),
    ]
    return Table(
        "history_payers",
        "历史文件：住院费用由谁支付",
        (
            Column("支付方", "text"),
            Column("金额(元)", "money"),
            Column("金额(万元)", "wan"),
            Column("占比", "ratio"),
            Column("依据", "text"),
        ),
        tuple(rows),
    )


def _told_statistics(told: Mapping[str, Any]) -> Table:
    return Table(
        "history_statistics",
        "历史文件：其他统计",
        (
            Column("项目", "text"),
            Column("文件数据", "text"),
            Column("复核", "text"),
            Column("依据", "text"),
        ),
        tuple(
            (each["name_zh"], each["value"], each["remark"] or "—", each["citation"])
            for each in told["statistics"]
        ),
    )
