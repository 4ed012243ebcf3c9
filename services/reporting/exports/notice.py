"""The notice 通报 of a month: townships ranked, red lights named, what is overdue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.reporting.exports.domain import Cell, Column, Report, Table
from services.reporting.exports.report import (
    STATES,
    mark_of,
    percent,
    register_table,
    target_of,
    timeliness_table,
    value_of,
)
from services.reporting.month_closes.domain import STATUS_WORDS, Close, due_on
from services.reporting.register.domain import RedLight, red_lights
from shared.clock import SHANGHAI, business_date

RANKED_BY = "personal_share"


def notice_of(close: Close, region_name: str, townships: list[str], due_day: int) -> Report:
    """The notice of a closing; of one that is not signed it says so."""
    year, month = close.month.split("-")
    figures = close.figures
    lights = red_lights(close.month, figures["indicators"], figures["townships"], region_name)
    ranking = ranked(figures["townships"], townships)
    closed_at = (
        close.closed_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if close.closed_at else "—"
    )
    return Report(
        title=f"{region_name}健康扶贫工作情况通报",
        subtitle=f"{year} 年 {int(month)} 月",
        facts=(
            ("月结编号", close.number),
            ("状态", STATUS_WORDS[close.status]),
            ("签发时间", closed_at),
        ),
        summary=_sentences(close, ranking, lights, townships, due_day),
        tables=(
            _ranking(ranking),
            _lights(lights),
            *register_table(close),
            timeliness_table(close, townships, due_day),
        ),
        mark=mark_of(close),
    )


def ranked(
    places: Sequence[Mapping[str, Any]], townships: Sequence[str]
) -> list[tuple[int | None, Mapping[str, Any]]]:
    """Townships by the patients' own share, the lowest first; equal shares have one rank.

    Who had no bill has no rank and stands last, as do bills of persons whose home nobody knows.
    """
    with_share = [
        each for each in places if _share(each) is not None and each["name_zh"] in townships
    ]
    ordered = sorted(with_share, key=lambda each: Decimal(str(_share(each))))
    found: list[tuple[int | None, Mapping[str, Any]]] = []
    for number, each in enumerate(ordered, start=1):
        before = found[-1] if found else None
        same = before is not None and _share(before[1]) == _share(each)
        found.append((before[0] if before is not None and same else number, each))
    return [*found, *((None, each) for each in places if each not in with_share)]


def _share(place: Mapping[str, Any]) -> str | None:
    value = place["indicators"][RANKED_BY]["value"]
    return None if value is None else str(value)


def _sentences(
    close: Close,
    ranking: list[tuple[int | None, Mapping[str, Any]]],
    lights: list[RedLight],
    townships: list[str],
    due_day: int,
) -> tuple[str, ...]:
    lines = []
    standing = [each for rank, each in ranking if rank is not None]
    if len(standing) == 1:
        only = standing[0]
        lines.append(
            f"一、只有{only['name_zh']}有登记对象就诊，个人支付占比 {percent(_share(only))}。"
        )
    elif standing:
        first, last = standing[0], standing[-1]
        lines.append(
            f"一、个人支付占比最低的是{first['name_zh']}({percent(_share(first))})，"
            f"最高的是{last['name_zh']}({percent(_share(last))})。"
        )
    else:
        lines.append("一、本月没有登记对象就诊，不排名。")
    names = list(dict.fromkeys(each.name_zh for each in lights))
    lines.append(
        f"二、亮红灯 {len(lights)} 处：{'、'.join(names)}。" if names else "二、没有指标亮红灯。"
    )
    register = close.figures.get("register")
    overdue = register["overdue"] if register else []
    without = sum(not each["cause"] for each in overdue)
    lines.append(
        f"三、台账逾期未销号 {len(overdue)} 项，其中未说明滞后原因 {without} 项。"
        if overdue
        else "三、台账没有逾期事项。"
    )
    due = due_on(close.month, due_day)
    late = [name for name, step in close.submissions().items() if business_date(step.done_at) > due]
    missing = close.missing(townships)
    told = [
        *([f"逾期报送：{'、'.join(late)}"] if late else []),
        *([f"未报送：{'、'.join(missing)}"] if missing else []),
    ]
    lines.append(f"四、{';'.join(told)}。" if told else "四、各乡镇按时报送。")
    return tuple(lines)


def _ranking(ranking: list[tuple[int | None, Mapping[str, Any]]]) -> Table:
    def row(rank: int | None, place: Mapping[str, Any]) -> tuple[Cell, ...]:
        share = place["indicators"][RANKED_BY]
        return (
            rank,
            place["name_zh"],
            Decimal(str(share["denominator"])),
            Decimal(str(share["numerator"])),
            None if share["value"] is None else Decimal(share["value"]),
            STATES[share["status"]],
        )

    return Table(
        "ranking",
        "各乡镇个人支付占比排名(由低到高)",
        (
            Column("名次", "count"),
            Column("乡镇", "text"),
            Column("总费用", "money", "登记对象费用(元)"),
            Column("个人支付", "money", "登记对象费用(元)"),
            Column("占比", "ratio"),
            Column("状态", "text"),
        ),
        tuple(row(rank, place) for rank, place in ranking),
    )


def _lights(lights: list[RedLight]) -> Table:
    return Table(
        "red_lights",
        "亮红灯指标",
        (
            Column("指标", "text"),
            Column("地区", "text"),
            Column("其中未达标乡镇", "text"),
            Column("完成值", "ratio"),
            Column("目标", "text"),
            Column("依据", "text"),
        ),
        tuple(
            (
                each.name_zh,
                each.area_zh,
                "、".join(each.within) or "—",
                value_of(each.value, each.unit),
                target_of({"target": each.target, "direction": each.direction, "unit": each.unit}),
                each.citation,
            )
            for each in lights
        ),
    )
