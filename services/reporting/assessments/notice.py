"""The notice 通报 of a published assessment, as a report that every form of export can write."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.assessments.domain import SANCTION_WORDS
from services.reporting.assessments.scoring import Assessment
from services.reporting.exports.domain import Column, Report, Table
from services.reporting.indicators.catalogue import catalogue
from shared.clock import SHANGHAI


def notice_of(found: Assessment, region: str) -> Report:
    """Ranking, points, money and measures; before it is published it says that it is provisional."""
    row, scheme = found.row, found.scheme
    published = row["published_at"]
    ranked = [each for each in found.results if each["rank"] is not None]
    grades = {each.grade: each.zh for each in scheme.grades}
    summary = [
        "".join(
            f"{grades[grade]} {sum(each['grade'] == grade for each in ranked)} 个；"
            for grade in grades
        )
    ]
    if ranked:
        summary.append(
            f"第一名 {ranked[0]['name_zh']}({ranked[0]['total']} 分)，"
            f"末位 {ranked[-1]['name_zh']}({ranked[-1]['total']} 分)。"
        )
    if scheme.assumed:
        summary.append("分值、等次和挂钩比例由本县设定，文件未作规定。")
    return Report(
        title=f"{region}{scheme.title.zh}情况通报",
        subtitle=str(row["period"]),
        facts=(
            ("编号", found.number),
            (
                "通报时间",
                published.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if published else "—",
            ),
            ("依据", scheme.citation),
        ),
        summary=tuple(summary),
        tables=(_ranking(found, grades), _points(found), *_money(found), *_measures(found)),
        mark=None if found.published else "暂定得分，未经通报，不得对外使用",
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _ranking(found: Assessment, grades: dict[str, str]) -> Table:
    return Table(
        "ranking",
        "考核排名",
        (
            Column("名次", "count"),
            Column("单位", "text"),
            Column("网上考核", "money", "得分"),
            Column("现场抽查", "money", "得分"),
            Column("合计", "money", "得分"),
            Column("等次", "text"),
        ),
        tuple(
            (
                each["rank"],
                each["name_zh"],
                _decimal(each["online"]),
                _decimal(each["on_site"]),
                _decimal(each["total"]),
                grades.get(
                    each["grade"], "待现场抽查" if each["on_site"] is None else "不参与排名"
                ),
            )
            for each in found.results
        ),
    )


def _points(found: Assessment) -> Table:
    names = {code: each.entry.name.zh for code, each in catalogue().items()}
    names |= {code: each.zh for code, each in found.scheme.parts.on_site.items()}
    codes = [*found.scheme.parts.online, *found.scheme.parts.on_site]
    most = {
        **found.scheme.parts.online,
        **{c: e.points for c, e in found.scheme.parts.on_site.items()},
    }
    rows = []
    for each in found.results:
        got = {point["code"]: point["got"] for point in each["points"]}
        rows.append((each["name_zh"], *(_decimal(got.get(code)) for code in codes)))
    return Table(
        "points",
        "各项得分",
        (
            Column("单位", "text"),
            *(
                Column(
                    f"{names.get(code, code)}({most[code]})",
                    "money",
                    "网上考核" if code in found.scheme.parts.online else "现场抽查",
                )
                for code in codes
            ),
        ),
        tuple(rows),
    )


def _money(found: Assessment) -> tuple[Table, ...]:
    rows = tuple(
        (
            each["name_zh"],
            link["name_zh"],
            Decimal(link["base"]),
            Decimal(link["ratio"]),
            Decimal(link["amount"]),
        )
        for each in found.results
        for link in each["funding"]
    )
    if not rows:
        return ()
    columns = (
        Column("单位", "text"),
        Column("挂钩项目", "text"),
        Column("基数(元)", "money"),
        Column("系数", "ratio"),
        Column("核定(元)", "money"),
    )
    return (Table("funding", f"结果挂钩({found.scheme.links_citation})", columns, rows),)


def _measures(found: Assessment) -> tuple[Table, ...]:
    if not found.sanctions:
        return ()
    names = {each["subject"]: each["name_zh"] for each in found.results}
    rows = tuple(
        (
            names[each["subject"]],
            SANCTION_WORDS[each["kind"]],
            each["reason"],
            each["document"] or "—",
        )
        for each in found.sanctions
    )
    columns = tuple(Column(title, "text") for title in ("单位", "措施", "事由", "文号"))
    return (Table("sanctions", "处理措施(XB-46)", columns, rows),)
