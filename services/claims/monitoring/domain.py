"""The rules of monitoring as functions of settled bills. A finding is a question, never a penalty.

Every rule gives findings with a key that stays the same when the same bills are looked at again,
the bills that it rests on, and its evidence in figures. Amounts in fen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from services.claims.monitoring.records import Bill, County, Finding, Line, Listing, Rule


def look(county: County, rules: Iterable[Rule], *, first: date, last: date) -> list[Finding]:
    """Everything that the rules find in bills whose last day lies in the period.

    Earlier bills of the county are only compared with.
    """
    return [
        finding
        for rule in rules
        for finding in _RULES[rule.id](county, rule)
        if first <= finding.on <= last
    ]


def _stays_of_persons(county: County) -> Iterator[list[Bill]]:
    stays: dict[str, list[Bill]] = defaultdict(list)
    for bill in county.bills:
        if bill.is_stay and bill.person_id is not None:
            stays[bill.person_id].append(bill)
    for found in stays.values():
        if len(found) > 1:
            yield sorted(found, key=lambda bill: (bill.admitted_on, bill.discharged_on))


def _pair(rule: Rule, one: Bill, other: Bill, **evidence: Any) -> Finding:
    return Finding(
        rule.id,
        f"{one.encounter_id} {other.encounter_id}",
        other.facility_code,
        other.person_id,
        other.discharged_on,
        (one.encounter_id, other.encounter_id),
        {
            "first_stay": [one.admitted_on.isoformat(), one.discharged_on.isoformat()],
            "second_stay": [other.admitted_on.isoformat(), other.discharged_on.isoformat()],
            "facilities": [one.facility_code, other.facility_code],
            **evidence,
        },
    )


def _single(rule: Rule, bill: Bill, key: str = "", **evidence: Any) -> Finding:
    return Finding(
        rule.id,
        f"{bill.encounter_id} {key}".strip(),
        bill.facility_code,
        bill.person_id,
        bill.discharged_on,
        (bill.encounter_id,),
        evidence,
    )


def overlapping_stays(county: County, rule: Rule) -> Iterator[Finding]:
    """Two stays of one person share days; a transfer may share so many."""
    allowed = int(rule.parameters["transfer_days"])
    for stays in _stays_of_persons(county):
        for number, one in enumerate(stays):
            for other in stays[number + 1 :]:
                shared = (min(one.discharged_on, other.discharged_on) - other.admitted_on).days + 1
                if shared > allowed:
                    yield _pair(rule, one, other, shared_days=shared)


def _after(stays: Sequence[Bill]) -> Iterator[tuple[Bill, Bill, int]]:
    """Each stay with the next one, when that begins after it, and the days between."""
    for one, other in pairwise(stays):
        gap = (other.admitted_on - one.discharged_on).days
        if gap >= 0:
            yield one, other, gap


def _group(bill: Bill) -> str:
    return bill.diagnoses[0][:3] if bill.diagnoses else ""


def readmission(county: County, rule: Rule) -> Iterator[Finding]:
    """Again for the same illness (the first diagnosis's group) within days, wherever."""
    for stays in _stays_of_persons(county):
        for one, other, gap in _after(stays):
            if (
                _group(one)
                and _group(one) == _group(other)
                and gap <= rule.parameters["within_days"]
            ):
                yield _pair(rule, one, other, days_between=gap, illness=_group(one))


def split_stay(county: County, rule: Rule) -> Iterator[Finding]:
    """Discharged and at once admitted again at the same institution."""
    for stays in _stays_of_persons(county):
        for one, other, gap in _after(stays):
            if one.facility_code == other.facility_code and gap <= rule.parameters["within_days"]:
                yield _pair(rule, one, other, days_between=gap)


def out_of_catalogue_share(county: County, rule: Rule) -> Iterator[Finding]:
    """An institution's month: what listed persons were charged outside the catalogue (LP-22)."""
    months: dict[tuple[str, str], list[Bill]] = defaultdict(list)
    for bill in county.bills:
        if bill.categories:
            months[bill.facility_code, bill.month].append(bill)
    limit = Decimal(rule.parameters["limit"])
    for (facility_code, month), bills in months.items():
        outside = sum(bill.out_of_catalogue_fen for bill in bills)
        total = sum(bill.total_fen for bill in bills)
        if len(bills) >= rule.parameters["least_visits"] and outside > limit * total:
            yield _of_month(
                rule, facility_code, month, bills, out_of_catalogue_fen=outside, total_fen=total,
                limit=str(limit),
            )  # fmt: skip


def _of_month(
    rule: Rule, facility_code: str, month: str, bills: Sequence[Bill], **evidence: Any
) -> Finding:
    return Finding(
        rule.id,
        f"{facility_code} {month}",
        facility_code,
        None,
        max(bill.discharged_on for bill in bills),
        (),
        {"month": month, "visits": len(bills), **evidence},
    )


def deposit_taken(county: County, rule: Rule) -> Iterator[Finding]:
    """A listed person paid a deposit for a stay in the region (LP-23)."""
    for bill in county.bills:
        if bill.deposit_fen and bill.is_stay and bill.in_region and bill.categories:
            yield _single(rule, bill, deposit_fen=bill.deposit_fen)


def visit_after_death(county: County, rule: Rule) -> Iterator[Finding]:
    """Admitted after the day of death that the register tells."""
    for bill, listing in _listed(county):
        left = listing.left_on
        if listing.died and left is not None:
            late = (bill.admitted_on - left).days
            if late > rule.parameters["grace_days"]:
                yield _single(rule, bill, died_on=left.isoformat(), days_after=late)


def visit_after_leaving(county: County, rule: Rule) -> Iterator[Finding]:
    """The bill went by a category that, as is known now, did not hold on the visit's day."""
    for bill, listing in _listed(county):
        if bill.categories and not listing.died and not listing.listed_on(bill.admitted_on):
            left = listing.left_on
            yield _single(
                rule,
                bill,
                categories=list(bill.categories),
                left_on=None if left is None else left.isoformat(),
            )


def _listed(county: County) -> Iterator[tuple[Bill, Listing]]:
    for bill in county.bills:
        listing = county.register.get(bill.person_id or "")
        if listing is not None:
            yield bill, listing


def price_over_limit(county: County, rule: Rule) -> Iterator[Finding]:
    """A unit price above the limit that stands beside it."""
    most = 1 + Decimal(rule.parameters["tolerance"])
    for bill in county.bills:
        for line in bill.lines:
            price, limit = line.unit_price_fen, line.price_limit_fen
            if price is not None and limit and price > limit * most:
                yield _single(
                    rule, bill, line.line_no, line_no=line.line_no, item=line.name or line.item,
                    unit_price_fen=str(price), price_limit_fen=limit,
                )  # fmt: skip


def sexes_contradict(county: County, rule: Rule) -> Iterator[Finding]:
    """Diagnoses that only men have and such that only women have, for one person."""
    male, female = tuple(rule.parameters["male"]), tuple(rule.parameters["female"])
    of_person: dict[str, dict[str, tuple[Bill, str]]] = defaultdict(dict)
    for bill in county.bills:
        if bill.person_id is None:
            continue
        for code in bill.diagnoses:
            for sex, codes in (("male", male), ("female", female)):
                if code.startswith(codes):
                    of_person[bill.person_id].setdefault(sex, (bill, code))
    for found in of_person.values():
        if len(found) > 1:
            (one, code), (other, other_code) = sorted(
                found.values(), key=lambda pair: (pair[0].discharged_on, pair[0].encounter_id)
            )
            yield _pair(rule, one, other, diagnoses=[code, other_code])


def repeated_item(county: County, rule: Rule) -> Iterator[Finding]:
    """One item more often a day than it can be had."""
    for bill in county.bills:
        counted: dict[tuple[str, date], list[Line]] = defaultdict(list)
        for line in bill.lines:
            if line.on is not None and line.kind in rule.parameters["kinds"] and line.amount_fen:
                counted[line.item, line.on].append(line)
        for (item, day), lines in counted.items():
            if len(lines) > rule.parameters["most"]:
                yield _single(
                    rule, bill, f"{item} {day}"[:100], item=lines[0].name or item, on=day.isoformat(),
                    times=len(lines), amount_fen=sum(line.amount_fen for line in lines),
                    lines=[line.line_no for line in lines],
                )  # fmt: skip


def against_sex_or_age(county: County, rule: Rule) -> Iterator[Finding]:
    """An item or a diagnosis that a person of that sex or age does not have.

    A year of birth alone leaves a year open: a limit of age counts as broken where it is on either
    birthday.
    """
    for bill, listing in _listed(county):
        for limit in rule.parameters["limits"]:
            what = _limited(bill, limit)
            if what is None or not _breaks(bill, listing, limit):
                continue
            yield _single(
                rule, bill, limit["id"], **what, sex=listing.sex,
                birth_year=listing.birth_year, only_sex=limit.get("sex"),
                min_age=limit.get("min_age"), max_age=limit.get("max_age"),
            )  # fmt: skip


def _limited(bill: Bill, limit: Mapping[str, Any]) -> dict[str, Any] | None:
    """The bill's first item or diagnosis that the limit speaks of."""
    for line in bill.lines:
        name = line.name or line.item
        if any(text in name for text in limit.get("items", ())):
            return {"item": name, "line_no": line.line_no}
    codes = tuple(limit.get("diagnoses", ()))
    return next(({"diagnosis": code} for code in bill.diagnoses if code.startswith(codes)), None)


def _breaks(bill: Bill, listing: Listing, limit: Mapping[str, Any]) -> bool:
    if "sex" in limit and listing.sex is not None and listing.sex != limit["sex"]:
        return True
    if listing.birth_year is None:
        return False
    oldest = bill.admitted_on.year - listing.birth_year
    low, high = int(limit.get("min_age", 0)), int(limit.get("max_age", _FOREVER))
    return oldest < low or oldest - 1 > high


_FOREVER: Final = 1_000


def facility_jump(county: County, rule: Rule) -> Iterator[Finding]:
    """An institution's month costs a multiple of the mean of its months before."""
    months: dict[str, dict[str, list[Bill]]] = defaultdict(lambda: defaultdict(list))
    for bill in county.bills:
        months[bill.facility_code][bill.month].append(bill)
    yield from _jumps(months, rule)


def doctor_jump(county: County, rule: Rule) -> Iterator[Finding]:
    """The same of a doctor, where the hospital tells who treats."""
    months: dict[str, dict[str, list[Bill]]] = defaultdict(lambda: defaultdict(list))
    for bill in county.bills:
        if bill.doctor_code is not None:
            months[f"{bill.facility_code} {bill.doctor_code}"][bill.month].append(bill)
    for found in _jumps(months, rule):
        facility_code, _, doctor = found.facility_code.partition(" ")
        yield replace(
            found, facility_code=facility_code, evidence={**found.evidence, "doctor": doctor}
        )


def _jumps(months: Mapping[str, Mapping[str, list[Bill]]], rule: Rule) -> Iterator[Finding]:
    span = int(rule.parameters["months_before"])
    factor = Decimal(rule.parameters["factor"])
    for whose, by_month in months.items():
        for month, bills in by_month.items():
            before = [by_month[name] for name in _months_before(month, span) if name in by_month]
            if len(before) < span or len(bills) < rule.parameters["least_visits"]:
                continue
            total = sum(bill.total_fen for bill in bills)
            mean = Decimal(sum(bill.total_fen for each in before for bill in each)) / span
            if total > factor * mean:
                yield _of_month(
                    rule, whose, month, bills, total_fen=total, mean_before_fen=int(mean)
                )


def _months_before(month: str, span: int) -> list[str]:
    found = []
    day = date.fromisoformat(f"{month}-01")
    for _ in range(span):
        day = (day - timedelta(days=1)).replace(day=1)
        found.append(f"{day:%Y-%m}")
    return found


_RULES: Final[Mapping[str, Callable[[County, Rule], Iterator[Finding]]]] = {
    rule.__name__: rule
    for rule in (
        overlapping_stays,
        readmission,
        split_stay,
        out_of_catalogue_share,
        deposit_taken,
        visit_after_death,
        visit_after_leaving,
        price_over_limit,
        sexes_contradict,
        repeated_item,
        against_sex_or_age,
        facility_jump,
        doctor_jump,
    )
}
KNOWN_RULES: Final = frozenset(_RULES)
LOOK_BACK_DAYS: Final = 125
"""How much earlier than the period bills are looked at: four months before it, to compare with."""
