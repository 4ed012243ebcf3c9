"""LP-50 to LP-61 as of a day: which unit fails which rule, and what would cure it. Pure.

梁平区 2019, annex. The boundaries as the document words them: 低于 800 may share a clinic (LP-53),
超过 800 must meet the clinics' standard (LP-60), so that 800 itself needs its own clinic and no
more; 超过 1 万 for township hospitals (LP-59); 2020 年年底 is 2020-12-31, that day included.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.reporting.standards.domain import (
    CAPABILITIES,
    COUNTY_HOSPITALS,
    END_OF_2020,
    GROUP_WORDS,
    RULES,
    Capability,
    County,
    Facility,
    Finding,
    Group,
    Status,
    Unit,
)
from services.reporting.standards.evidence import Facts, cure
from services.reporting.standards.judging_institutions import institutions
from services.reporting.standards.judging_places import townships, villages


def evaluate(county: County, as_of: date) -> list[Unit]:
    """Judge every unit of a county by the facts of a day.

    Args:
        county: the facts in force on that day.
        as_of: the day; from 2020-12-31 on, LP-56 and LP-58 ask for more.
    """
    facts = Facts(county, as_of)
    units = [*townships(facts), *villages(facts), *institutions(facts)]
    return [_county(facts, units), *units]


def _county(facts: Facts, units: Iterable[Unit]) -> Unit:
    hospitals = [
        each for each in facts.county.facilities if each.kind == "county_hospital" and each.public
    ]
    enough = len(hospitals) >= COUNTY_HOSPITALS
    built = Finding(
        "LP-50",
        "met" if enough else "missed",
        f"县级公立医院 {len(hospitals)} 所",
        f"{len(hospitals)} public county hospitals",
        *cure(
            enough,
            "再建好县级公立医院，至 2 所",
            "build public county hospitals until there are two",
        ),
    )
    return Unit(
        "county", "county", facts.county.name_zh, None, None,
        (built, _capability(facts, hospitals), _blank_spots(units)),
    )  # fmt: skip


def _capability(facts: Facts, hospitals: list[Facility]) -> Finding:
    def at_least(level: Capability) -> int:
        return sum(
            CAPABILITIES.index(each.capability or "none") >= CAPABILITIES.index(level)
            for each in hospitals
        )

    second, second_a = at_least("secondary"), at_least("secondary_a")
    late = facts.as_of >= END_OF_2020
    met = second >= COUNTY_HOSPITALS and (not late or second_a >= 1)
    untold = sum(each.capability is None for each in hospitals)
    status: Status = "met" if met else "missed"
    if not met and untold:
        reachable = second + untold >= COUNTY_HOSPITALS and (not late or second_a + untold >= 1)
        status = "unknown" if reachable else "missed"
    need_zh = "2 所达到二级" + ("，其中至少 1 所二级甲等" if late else "")
    return Finding(
        "LP-58",
        status,
        f"达到二级能力 {second} 所，其中二级甲等以上 {second_a} 所，未登记 {untold} 所",
        f"{second} at level two, of them {second_a} at level two A; {untold} not told",
        *cure(
            met,
            f"需 {need_zh}；请登记医院能力等级或提升能力",
            "two at level two"
            + (", one of them at two A" if late else "")
            + ": record or raise them",
        ),
    )


def _blank_spots(units: Iterable[Unit]) -> Finding:
    blank = [
        unit.name_zh for unit in units if unit.kind in {"township", "village"} and _blank(unit)
    ]
    shown = "、".join(blank[:10]) + (" 等" if len(blank) > 10 else "")  # noqa: PLR2004
    return Finding(
        "LP-61",
        "missed" if blank else "met",
        f"空白点 {len(blank)} 个" + (f":{shown}" if blank else ""),
        f"{len(blank)} blank spots",
        *cure(not blank, "补建机构或配备合格人员", "build the institution or find qualified staff"),
    )


def _blank(unit: Unit) -> bool:
    return any(each.rule == "LP-61" and each.status == "missed" for each in unit.findings)


def groups(units: Iterable[Unit]) -> dict[Group, tuple[int, int]]:
    """By group: how many units meet all of its rules, of how many that it asks something of."""
    counted: dict[Group, list[int]] = {group: [0, 0] for group in GROUP_WORDS}
    for unit in units:
        for group, count in counted.items():
            asked = {
                each.status
                for each in unit.findings
                if RULES[each.rule].group == group and each.status not in {"exempt", "not_required"}
            }
            count[0] += asked == {"met"}
            count[1] += bool(asked)
    return {group: (met, asked) for group, (met, asked) in counted.items()}


def summary(units: Iterable[Unit]) -> dict[str, tuple[int, int]]:
    """By rule: how many findings are met, of how many that it asks for.

    Exempt and not required ones are outside; what is not told counts as not met.
    """
    counted: dict[str, list[int]] = {rule: [0, 0] for rule in RULES}
    for unit in units:
        for each in unit.findings:
            if each.status in {"exempt", "not_required"}:
                continue
            if each.rule == "LP-61" and unit.kind == "county":
                continue
            counted[each.rule][0] += each.status == "met"
            counted[each.rule][1] += 1
    return {rule: (met, asked) for rule, (met, asked) in counted.items()}
