"""Monitoring: precision and recall of every rule on planted frauds, none on a clean county."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.claims.monitoring.case import SamePersonTwice, StepNotAllowed, after
from services.claims.monitoring.domain import look
from services.claims.monitoring.records import Bill, County, Finding, Line, Listing
from services.claims.monitoring.rules import rules
from services.claims.monitoring.wording import in_words

FIRST, LAST = date(2016, 1, 1), date(2016, 6, 30)
FACILITIES = ("F1", "F2", "F3", "F4")
ILLNESSES = ("J18.9", "I10.0", "K35.8", "E11.9")
FRAUDS_OF_A_RULE = 6
_OF_SEX = ("前列腺增生切除", "剖宫产术")


def clean_county(seed: int) -> County:
    """Eleven months of four institutions, as the rules want them; a quarter are stays.

    A person's stays are of different illnesses and at least three weeks apart.
    """
    drawn = random.Random(seed)
    bills: list[Bill] = []
    number = 0
    for person in range(220):
        day = date(2015, 8, 1) + timedelta(days=drawn.randrange(20))
        illness = drawn.randrange(4)
        while day < LAST - timedelta(days=12):
            number += 1
            illness += 1
            stay = drawn.random() < 0.4
            days = drawn.randrange(2, 9) if stay else 0
            total = drawn.randrange(40_000, 60_000)
            bills.append(
                Bill(
                    encounter_id=f"e{number}",
                    facility_code=FACILITIES[(person + number) % 4],
                    in_region=True,
                    person_id=f"p{person}",
                    visit_type="inpatient" if stay else "outpatient",
                    admitted_on=day,
                    discharged_on=day + timedelta(days=days),
                    diagnoses=(ILLNESSES[illness % 4],),
                    categories=("registered_poor",) if person % 2 else (),
                    total_fen=total,
                    out_of_catalogue_fen=total * drawn.randrange(4, 10) // 100,
                    deposit_fen=0 if person % 2 else 20_000,
                    doctor_code=f"D{person % 2}",
                    lines=(
                        Line("1", "CT1", "ct", day, 9_000, Decimal(9_000), 9_000),
                        Line("2", "CT1", "ct", day + timedelta(days=1), 9_000, None, None),
                        Line("3", "S1", "surgery", None, 0, None, None, _OF_SEX[person % 4 == 1]),
                    ),
                )
            )
            day += timedelta(days=days + drawn.randrange(21, 40))
    register = {
        f"p{person}": Listing(
            ((date(2014, 1, 1), None),),
            died=False,
            sex="MF"[person % 4 == 1],
            birth_year=1980 + person % 20,
        )
        for person in range(220)
        if person % 2
    }
    return County(bills, register)


def planted(county: County, seed: int) -> tuple[County, dict[str, set[str]]]:
    """The county with frauds of each kind, and by rule the visits (or months) that they are."""
    drawn = random.Random(seed)
    bills = {bill.encounter_id: bill for bill in county.bills}
    register = dict(county.register)
    truth: dict[str, set[str]] = {rule.id: set() for rule in rules()}
    last_stay: dict[str, Bill] = {}
    for bill in county.bills:
        latest = LAST - timedelta(days=20)  # what is planted after it lies in the half-year too
        if bill.is_stay and bill.categories and FIRST <= bill.admitted_on <= latest:
            last_stay[str(bill.person_id)] = bill
    stays = list(last_stay.values())
    drawn.shuffle(stays)

    def take() -> Bill:
        return stays.pop()

    def again(bill: Bill, gap: int, **more: object) -> Bill:
        admitted = bill.discharged_on + timedelta(days=gap)
        other = replace(
            bill,
            encounter_id=f"{bill.encounter_id}x",
            admitted_on=admitted,
            discharged_on=admitted + timedelta(days=2),
            **more,  # type: ignore[arg-type]
        )
        bills[other.encounter_id] = other
        return other

    for _ in range(FRAUDS_OF_A_RULE):
        other = again(bill := take(), -1, facility_code="F9", diagnoses=("Z00",))
        truth["overlapping_stays"].add(f"{bill.encounter_id} {other.encounter_id}")
        other = again(bill := take(), drawn.randrange(3, 16), facility_code="F9")
        truth["readmission"].add(f"{bill.encounter_id} {other.encounter_id}")
        other = again(bill := take(), drawn.randrange(3), diagnoses=("Z00",))
        truth["split_stay"].add(f"{bill.encounter_id} {other.encounter_id}")
        bill = take()
        bills[bill.encounter_id] = replace(bill, deposit_fen=50_000)
        truth["deposit_taken"].add(bill.encounter_id)
        for rule, died, gone in (("visit_after_death", True, 3), ("visit_after_leaving", False, 1)):
            bill = take()
            left = bill.admitted_on - timedelta(days=gone)
            register[str(bill.person_id)] = replace(
                register[str(bill.person_id)], periods=((date(2014, 1, 1), left),), died=died
            )
            truth[rule] |= {
                each.encounter_id
                for each in county.bills
                if each.person_id == bill.person_id
                and each.admitted_on >= bill.admitted_on
                and each.discharged_on <= LAST
            }
        bill = take()
        dear = Line("9", "X9", "drug", bill.admitted_on, 9_100, Decimal("9000.5"), 9_000)
        bills[bill.encounter_id] = replace(bill, lines=(*bill.lines, dear))
        truth["price_over_limit"].add(f"{bill.encounter_id} 9")
        bill = take()
        bills[bill.encounter_id] = replace(bill, diagnoses=("N40", "O80.0"))
        truth["sexes_contradict"].add(f"{bill.encounter_id} {bill.encounter_id}")
        # One of the two is against the sex on the register as well.
        limit = "women" if register[str(bill.person_id)].sex == "M" else "men"
        truth["against_sex_or_age"].add(f"{bill.encounter_id} {limit}")
        bill = take()
        twice = replace(bill.lines[0], line_no="8")
        bills[bill.encounter_id] = replace(bill, lines=(*bill.lines, twice))
        truth["repeated_item"].add(f"{bill.encounter_id} CT1 {twice.on}")
        bill = take()
        wrong = _OF_SEX[register[str(bill.person_id)].sex == "M"]
        other_sex = Line("7", "S2", "surgery", None, 100, None, None, wrong)
        bills[bill.encounter_id] = replace(bill, lines=(*bill.lines, other_sex))
        limit = "women" if wrong == _OF_SEX[1] else "men"
        truth["against_sex_or_age"].add(f"{bill.encounter_id} {limit}")
    for month in range(1, 7):
        for number in range(24):
            day = date(2016, month, 20)
            dear = number % 2 == 0 and month == 4
            of_doctor = replace(
                county.bills[0],
                encounter_id=f"F6-{month}-{number}",
                facility_code="F6",
                doctor_code=f"D{number % 2 + 1}",
                person_id=None,
                visit_type="outpatient",
                admitted_on=day,
                discharged_on=day,
                categories=(),
                total_fen=(300_000 if dear else 100_000) if number % 2 == 0 else 400_000,
                lines=(),
            )
            bills[of_doctor.encounter_id] = of_doctor
    truth["doctor_jump"].add("F6 D1 2016-04")
    for facility_code in ("F7", "F8"):
        for month in range(1, 7):
            for number in range(12):
                day = date(2016, month, 10)
                wrong = (facility_code, month) in {("F8", 5), ("F7", 6)}
                dear_month = wrong and facility_code == "F8"
                one = replace(
                    county.bills[0],
                    encounter_id=f"{facility_code}-{month}-{number}",
                    facility_code=facility_code,
                    person_id=f"q{facility_code}{month}{number}",
                    doctor_code=None,
                    visit_type="outpatient",
                    admitted_on=day,
                    discharged_on=day,
                    categories=("registered_poor",),
                    total_fen=100_000 * (3 if dear_month else 1),
                    out_of_catalogue_fen=10_001 if wrong and not dear_month else 10_000,
                    lines=(),
                )
                bills[one.encounter_id] = one
    truth["facility_jump"].add("F8 2016-05")
    truth["out_of_catalogue_share"].add("F7 2016-06")
    return County(sorted(bills.values(), key=lambda b: b.admitted_on), register), truth


def accuracy(truth: dict[str, set[str]], found: dict[str, set[str]]) -> str:
    """Precision and recall of each rule as a table."""
    rows = ["rule                    planted found right precision recall"]
    for rule, wanted in truth.items():
        got = found[rule]
        right = len(wanted & got)
        precision = right / len(got) if got else 1.0
        rows.append(
            f"{rule:24}{len(wanted):7}{len(got):6}{right:6}{precision:10.2f}"
            f"{right / len(wanted):7.2f}"
        )
    return "\n".join(rows)


def by_rule(found: list[Finding]) -> dict[str, set[str]]:
    keys: dict[str, set[str]] = {rule.id: set() for rule in rules()}
    for one in found:
        keys[one.rule].add(one.key)
    return keys


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_in_a_clean_county(seed: int) -> None:
    """Goal: no rule cries over honest bills. Method: some 1,500 bills within every limit, also at
    the limit: 10.00 % is met, a price at its limit, a deposit of an ordinary resident."""
    county = clean_county(seed)
    assert len(county.bills) > 1_000
    assert look(county, rules(), first=FIRST, last=LAST) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_planted_fraud_and_nothing_else(seed: int) -> None:
    """Goal: recall and precision of 1 per rule on frauds whose marks are those of the rule. Method:
    planted in a half-year of the clean county, six of each kind, and two months of institutions."""
    county, truth = planted(clean_county(seed), seed)
    found = by_rule(look(county, rules(), first=FIRST, last=LAST))
    assert all(truth.values())
    table = accuracy(truth, found)
    print(table)
    assert found == truth, table


@pytest.mark.parametrize(
    ("sex", "born", "item", "diagnosis", "broken"),
    [
        ("F", 1956, "剖宫产术", "", []),  # 60 until her birthday
        ("F", 1955, "剖宫产术", "", []),
        ("F", 1954, "剖宫产术", "", ["childbearing"]),
        ("F", 2007, "", "O80.0", ["childbearing"]),  # nine at most
        ("F", 2006, "", "O80.0", []),
        ("M", 1980, "", "O80.0", ["women"]),
        ("F", 1980, "前列腺素E1注射液", "", []),
        (None, None, "剖宫产术", "P07", []),
        ("M", 2014, "", "P07", []),
        ("M", 2013, "", "P07", ["newborn"]),
        ("F", 1998, "小儿推拿", "", []),
        ("F", 1997, "小儿推拿", "", ["children"]),
    ],
)
def test_sex_and_age(
    sex: str | None, born: int | None, item: str, diagnosis: str, broken: list[str]
) -> None:
    """Goal: a limit of age is broken only where no birthday of the year could keep it; what the
    register does not tell breaks nothing; a drug named after an organ is no treatment of it.
    Method: one bill of March 2016 each, at the limits."""
    day = date(2016, 3, 1)
    bill = replace(
        clean_county(1).bills[1],
        person_id="p", admitted_on=day, discharged_on=day, diagnoses=(diagnosis,),
        lines=(Line("1", item, "other", None, 1, None, None, item),),
    )  # fmt: skip
    listing = Listing(((date(2014, 1, 1), None),), died=False, sex=sex, birth_year=born)
    found = look(County([bill], {"p": listing}), rules(), first=FIRST, last=LAST)
    assert [one.key.split()[1] for one in found if one.rule == "against_sex_or_age"] == broken
    for one in found:
        zh, en = in_words(one.rule, one.evidence, lambda code: (code, code))
        assert "None" not in zh + en


def test_only_the_period_is_judged() -> None:
    """Goal: earlier bills are compared with, not flagged. Method: the planted half-year, looked at
    month by month, gives each finding once."""
    county, truth = planted(clean_county(1), 1)
    months = [(date(2016, m, 1), date(2016, m + 1, 1) - timedelta(days=1)) for m in range(1, 7)]
    found = [each for a, b in months for each in look(county, rules(), first=a, last=b)]
    assert len(found) == sum(map(len, truth.values()))
    assert by_rule(found) == truth


def test_two_persons_uphold() -> None:
    """Goal: nobody upholds alone, nothing is decided twice. Method: the steps of a case file."""
    assert after("open", "uphold", "a", None) == ("uphold_proposed", "propose")
    with pytest.raises(SamePersonTwice):
        after("uphold_proposed", "uphold", "a", "a")
    assert after("uphold_proposed", "uphold", "b", "a") == ("upheld", "uphold")
    assert after("uphold_proposed", "explain", "h", "a") == ("explained", "explain")
    for status in ("upheld", "dismissed"):
        for step in ("explain", "uphold", "dismiss", "hold"):
            with pytest.raises(StepNotAllowed):
                after(status, step, "c", "a")
