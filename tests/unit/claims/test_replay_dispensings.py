"""Drugs that teams handed out use the year's limit in a replay as they do in life, to the fen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.drugs.domain import fund_pays
from services.claims.settlement.bill import Bill, Line, Person, Standing, Visit
from services.claims.settlement.domain import settle
from services.claims.settlement.packs import load_pack
from services.claims.settlement.tiers import SettlementPack
from services.claims.simulations.columns import Columns, ColumnsBuilder, facts_of
from services.claims.simulations.moving import only
from services.claims.simulations.replay import replay
from shared.policy.errors import Refused
from tests.unit.claims.test_replay import Case, assert_same, by_chance

XINBIN = load_pack("xinbin-2018")
CAP_FEN = 100_000
CAP = "chronic_drugs.annual_cap"
DAY = date(2019, 5, 1)


@dataclass(frozen=True)
class Handed:
    """Drugs handed out to somebody; amounts in fen."""

    who: str
    rest: int
    told: int
    paid: int
    day: date = DAY


def columns_of(events: list[Case | Handed]) -> Columns:
    builder = ColumnsBuilder()
    for event in events:
        if isinstance(event, Handed):
            builder.dispensing(
                event.day, event.who, rest=event.rest, told=event.told, cap=CAP_FEN, paid=event.paid
            )
            continue
        who, bill, person = event
        assert bill.visit.day is not None
        place = builder.visit(facts_of(bill.visit, person, bill.evidence), bill.visit.day, who, {})
        builder.lines(place, bill.lines)
    return builder.built()


def one_by_one(
    events: list[Case | Handed], pack: SettlementPack, cap: int, **more: Any
) -> tuple[list[object], list[int]]:
    """Every year by the engine and by what decides a dispensing, one after the other."""
    years: dict[str, Standing] = {}
    visits: list[object] = []
    dispensed = []
    for event in events:
        who = event.who if isinstance(event, Handed) else event[0]
        so_far = years.get(who, Standing())
        if isinstance(event, Handed):
            pays = fund_pays(
                event.told if cap == CAP_FEN else event.rest,
                cap_fen=cap,
                paid_fen=so_far.chronic_drug_fund_paid,
                reserved_fen=0,
            )
            dispensed.append(pays)
            years[who] = so_far.plus(Standing(chronic_drug_fund_paid=pays))
            continue
        try:
            result = settle(event[1], pack, event[2], so_far, **more)
        except Refused as refused:
            visits.append(refused.code)
            continue
        years[who] = so_far.plus(result.consumed)
        visits.append(result)
    return visits, dispensed


def chronic(who: str, fen: int) -> Case:
    visit = Visit("chronic_outpatient", "township", True, True, False, DAY, DAY, (), "chronic_4")
    line = Line(1, "x", "drug", "A", fen)
    return who, Bill(visit, (line,)), Person(frozenset({"registered_poor"}))


def special(found: Any) -> list[int]:
    return [int(each) for each in found.payers["special_fund"]]


def test_a_visit_after_700_of_1000_has_300_left() -> None:
    """Goal: XB-25's limit, by hand, within and beyond the limit that was.

    Method: 700 handed out, drugs of 1,500 of which the insurance pays a fifth, 500 handed out. The
    fund pays 700, then the 300 that are left, then nothing; another person has 1,000. With another
    limit the window would have paid the whole rest of the first, 800: of 900 the visit has 100, of
    2,500 its 1,200, and the last has 500 of 600. Without a limit, dispensings are taken as paid.
    """
    events: list[Case | Handed] = [
        Handed("a", 80_000, 70_000, 70_000),
        chronic("a", 150_000),
        chronic("b", 150_000),
        Handed("a", 60_000, 50_000, 0),
    ]
    columns = columns_of(events)
    for cap, visits, dispensed in (
        (None, [30_000, 100_000], [70_000, 0]),
        ("900.00", [10_000, 90_000], [80_000, 0]),
        ("2500.00", [120_000, 120_000], [80_000, 50_000]),
    ):
        found = replay(columns, XINBIN, parameters={CAP: cap} if cap else None)
        assert (special(found), list(found.dispensed)) == (visits, dispensed), cap
        assert not found.as_paid.any()
    gone = replay(columns, XINBIN, parameters={CAP: None})
    assert (list(gone.dispensed), list(gone.as_paid)) == ([70_000, 0], [True, True])
    elsewhere = replay(columns, load_pack("jinkouhe-2016"), years=-3)
    assert (list(elsewhere.dispensed), elsewhere.as_paid.all()) == ([70_000, 0], True)


def test_some_visits_alone_keep_every_dispensing_in_its_turn() -> None:
    """Goal: what comes before what stays so. Method: the middle one of three visits left out."""
    events: list[Case | Handed] = [
        chronic("a", 50_000), chronic("b", 50_000), Handed("a", 50_000, 50_000, 50_000),
        chronic("a", 50_000),
    ]  # fmt: skip
    columns = columns_of(events)
    kept = only(columns, columns.person == columns.person[0])
    found = replay(kept, XINBIN)
    assert (special(found), list(found.dispensed)) == ([40_000, 10_000], [50_000])


@pytest.mark.parametrize("cap", ["1000.00", "1000.01", "0.00", "50000.00"])
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32))
def test_by_chance_to_the_fen(cap: str, seed: int) -> None:
    """Goal: columns as one after the other. Method: visits and dispensings of few persons mixed.

    A huge bill makes some years the engine's own, and refused visits stand between.
    """
    rng = Random(seed)
    events: list[Case | Handed] = []
    for who, bill, person in by_chance(seed, 25, 2019):
        visit = bill.visit
        if rng.random() < 0.6:
            visit = replace(visit, type="chronic_outpatient", disease_programme="chronic_4")
        lines = bill.lines
        if rng.random() < 0.03:
            lines = (Line(99, "x", "bed", "A", 9_999_999_999),)
        plain = Bill(visit, lines)
        events.append((who, plain, person))
        if rng.random() < 0.5:
            rest = rng.randint(0, 60_000)
            told = rng.choice([rest, rng.randint(0, rest)])
            events.append(Handed(who, rest, told, rng.randint(0, told), plain.visit.day or DAY))
    found = replay(columns_of(events), XINBIN, parameters={CAP: cap})
    fen = round(float(cap) * 100)
    visits, dispensed = one_by_one(events, XINBIN, fen, parameters={CAP: cap})
    assert_same(found, visits)
    assert list(found.dispensed) == dispensed
