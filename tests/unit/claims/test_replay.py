"""A replay of many years at once gives every payer's share as the engine does, to the fen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.settlement.bill import Bill, Evidence, Line, Person, Standing, Visit
from services.claims.settlement.domain import settle
from services.claims.settlement.explanation import RELIEF_ORDER
from services.claims.settlement.packs import load_pack
from services.claims.settlement.tiers import SettlementPack
from services.claims.simulations.columns import Columns, ColumnsBuilder, facts_of
from services.claims.simulations.moving import moved_into, only
from services.claims.simulations.replay import Replayed, replay
from shared.policy.errors import Refused
from tests.unit.claims.random_packs import bills, packs, people

Case = tuple[str, Bill, Person]
CATEGORIES = ("registered_poor", "registered_poor_lifted", "destitute", "subsistence", "orphan")
KINDS = ("drug", "lab", "bed", "ct", "registration", "surgery", "other", "implant")
PROGRAMMES = (None, None, None, "major_14", "serious_34", "national_94", "chronic_4")


def columns_of(cases: list[Case]) -> Columns:
    builder = ColumnsBuilder()
    for who, bill, person in cases:
        day = bill.visit.day
        assert day is not None
        facts = facts_of(bill.visit, person, bill.evidence)
        place = builder.visit(facts, day, who, dict(bill.evidence.stated_payments))
        builder.lines(place, bill.lines)
    return builder.built()


def one_by_one(cases: list[Case], pack: SettlementPack, **more: object) -> list[object]:
    """Every year with the engine, visit after visit."""
    years: dict[tuple[str, int], Standing] = {}
    results: list[object] = []
    for who, bill, person in cases:
        day = bill.visit.day
        assert day is not None
        so_far = years.get((who, day.year), Standing())
        try:
            result = settle(bill, pack, person, so_far, **more)  # type: ignore[arg-type]
        except Refused as refused:
            results.append(refused.code)
            continue
        years[who, day.year] = so_far.plus(result.consumed)
        results.append(result)
    return results


def assert_same(found: Replayed, expected: list[object]) -> None:
    patient = found.patient_pays
    for at, result in enumerate(expected):
        if isinstance(result, str):
            assert found.refused[at], (at, result)
            assert patient[at] == 0
            continue
        assert not found.refused[at], (at, found.codes)
        shares = {payer: int(paid[at]) for payer, paid in found.payers.items() if paid[at]}
        assert shares == {payer: fen for payer, fen in result.payers if fen}, at
        assert {reason: int(found.gap[reason][at]) for reason in RELIEF_ORDER} == dict(result.gap)
        assert found.waived[at] == result.waived
        assert found.in_scope[at] == result.in_scope
        assert found.total[at] == result.total


def by_chance(seed: int, visits: int, year: int) -> list[Case]:
    """Visits of every kind; a few persons have most of them."""
    rng = Random(seed)
    found = []
    for _ in range(visits):
        day = date(year, 1, 1) + timedelta(days=rng.randrange(365))
        visit = Visit(
            rng.choice(("inpatient", "inpatient", "outpatient", "chronic_outpatient", "emergency")),
            rng.choice(("village", "township", "primary", "secondary", "tertiary", "unrated")),
            in_region=rng.random() < 0.8,
            designated=rng.random() < 0.9,
            referral=rng.random() < 0.3,
            admitted_on=day,
            discharged_on=day,
            disease_programme=rng.choice(PROGRAMMES),
        )
        lines = []
        for number in range(rng.randint(1, 6)):
            kind = rng.choice(KINDS)
            letter = rng.choice("AAABBC")
            share = None
            if kind == "implant":
                share = rng.choice([None, Decimal("0.18"), Decimal("0.6"), Decimal("0.7")])
            elif rng.random() < 0.1:
                share = Decimal(rng.randint(0, 1_000_000)) / 1_000_000
            limit = rng.randint(1, 100_000) if rng.random() < 0.2 else None
            lines.append(
                Line(
                    number, "x", kind, letter, rng.randint(0, rng.choice([100, 10_000, 3_000_000])),
                    item_code=rng.choice(["", "L1", "L2"]),
                    quantity=Decimal(rng.randint(1, 7)) / 2 if limit else None,
                    price_limit_fen=limit, self_first_ratio=share,
                )
            )  # fmt: skip
        told = {"commercial_insurance": rng.randint(0, 50_000)} if rng.random() < 0.1 else {}
        evidence = Evidence(card_presented=rng.random() < 0.5, stated_payments=told)
        categories = frozenset(rng.sample(CATEGORIES, rng.choice([0, 1, 1, 1, 2])))
        who = f"p{int(rng.paretovariate(0.7)) % 40}"
        found.append((who, Bill(visit, tuple(lines), evidence), Person(categories)))
    return found


SHIPPED = (("jinkouhe-2016", 2016), ("liangping-2019", 2020), ("xinbin-2018", 2019))


@pytest.mark.parametrize(("pack_id", "year"), SHIPPED)
def test_shipped_packs_to_the_fen(pack_id: str, year: int) -> None:
    """Goal: a county's year under each shipped pack. Method: 600 visits, also by the engine."""
    pack = load_pack(pack_id)
    cases = by_chance(7, 600, year)
    # A few bills beyond what the columns' arithmetic holds.
    huge = Line(99, "x", "bed", "A", 9_999_999_999)
    cases[5] = ("rich", replace(cases[5][1], lines=(huge,)), cases[5][2])
    cases[9] = ("rich", cases[9][1], cases[9][2])
    found = replay(columns_of(cases), pack)
    assert_same(found, one_by_one(cases, pack))
    assert 0 < found.by_hand < 10


def test_other_values_and_a_waiver_after_insurance() -> None:
    """Goal: replaced values, and rules that the engine itself must settle. Method: both ways."""
    pack = load_pack("xinbin-2018")
    cases = by_chance(11, 150, 2019)
    for parameters in (
        {"waiver.stage": "after_insurance"},
        {"medical_aid.annual_cap": "900.00", "class_b.self_first_ratio": None},
        {"special_fund.limit_basis": "person_year", "special_fund.limit": "5000.00"},
    ):
        found = replay(columns_of(cases), pack, parameters=parameters)
        assert_same(found, one_by_one(cases, pack, parameters=parameters))


def test_a_year_under_a_pack_of_another_time() -> None:
    """Goal: last year under a later pack. Method: 2016's visits moved to 2019, Feb 29 included."""
    pack = load_pack("xinbin-2018")
    cases = by_chance(3, 80, 2016)
    leap = replace(
        cases[0][1].visit, admitted_on=date(2016, 2, 29), discharged_on=date(2016, 2, 29)
    )
    cases[0] = (cases[0][0], replace(cases[0][1], visit=leap), cases[0][2])
    columns = columns_of(cases)
    years = moved_into(columns, pack)
    assert years == 3  # the pack is in force from the middle of 2018
    later = []
    for who, bill, person in cases:
        day = bill.visit.day
        assert day is not None
        moved = date(2019, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=2019)
        visit = replace(bill.visit, admitted_on=moved, discharged_on=moved)
        later.append((who, replace(bill, visit=visit), person))
    assert_same(replay(columns, pack, years=years), one_by_one(later, pack))
    assert replay(columns, pack).codes == ["pack_does_not_cover"]


def test_some_visits_alone_and_none_at_all() -> None:
    """Goal: a part of the columns is the same visits. Method: every second one; none."""
    pack = load_pack("jinkouhe-2016")
    cases = by_chance(5, 60, 2016)
    columns = columns_of(cases)
    wanted = columns.day % 2 == 0
    kept = [case for case, yes in zip(cases, wanted, strict=True) if yes]
    assert_same(replay(only(columns, wanted), pack), one_by_one(kept, pack))
    assert not len(replay(only(columns, wanted & False), pack).total)


@settings(max_examples=60)
@given(chance=packs(), visits=st.lists(bills, min_size=1, max_size=5), person=people)
def test_packs_by_chance_to_the_fen(chance, visits, person) -> None:
    """Goal: any tiers, tilts, caps and waivers. Method: packs made by chance, two persons."""
    cases = [(f"p{at % 2}", bill, person) for at, bill in enumerate(visits)]
    found = replay(columns_of(cases), chance.pack)
    assert_same(found, one_by_one(cases, chance.pack))
