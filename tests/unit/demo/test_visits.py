"""The demonstration's visits and bills: JK-31 and JK-32 exactly, every line right to the fen."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from deploy.demo.bills import inpatient_bill
from deploy.demo.county import County, build_county, stream
from deploy.demo.visits import (
    FIRST_DAY,
    INPATIENT_TOTAL_FEN,
    LAST_DAY,
    OUTPATIENT_VISITS,
    Visit,
    build_visits,
)
from shared.policy.region import RegionPack, load_region


@pytest.fixture(scope="module")
def region() -> RegionPack:
    return load_region("jinkouhe-2016")


@pytest.fixture(scope="module")
def county(region: RegionPack) -> County:
    return build_county(region)


@pytest.fixture(scope="module")
def visits(region: RegionPack, county: County) -> tuple[Visit, ...]:
    return build_visits(region, county)


def stays_of(visits: tuple[Visit, ...]) -> list[Visit]:
    return [visit for visit in visits if visit.type == "inpatient"]


def test_the_same_seed_gives_the_same_visits(region: RegionPack, county: County, visits) -> None:
    """Goal: a load can be repeated. Method: build again, and with another seed."""
    assert build_visits(region, county) == visits
    assert build_visits(region, county, seed=3) != visits


def test_the_inpatients_are_those_of_the_report(region: RegionPack, visits) -> None:
    """Goal: JK-31 and JK-32. Method: count by level, add up to the fen."""
    stays = stays_of(visits)
    levels = Counter(
        facility.facility_level
        for stay in stays
        if (facility := region.facility(stay.facility_code)) is not None
    )
    assert levels == {"secondary": 46, "township": 3}
    assert sum(stay.total_fen for stay in stays) == INPATIENT_TOTAL_FEN == 12_587_800
    assert len({stay.person_key for stay in stays}) == 49


def test_outpatients_come_to_known_institutions_in_the_half_year(
    region: RegionPack, visits
) -> None:
    """Goal: nobody is sent to nowhere. Method: facility, dates, numbers of every visit."""
    assert len(visits) == OUTPATIENT_VISITS + 49
    assert len({(visit.facility_code, visit.visit_no) for visit in visits}) == len(visits)
    for visit in visits:
        assert region.facility(visit.facility_code) is not None
        assert visit.occurred_at.date() >= FIRST_DAY
        assert visit.occurred_at < visit.discharged_at
        assert visit.discharged_at.date() <= LAST_DAY
        assert visit.occurred_at.utcoffset() is not None


def test_fifteen_of_a_hundred_outpatients_are_on_no_roster(county: County, visits) -> None:
    """Goal: recognition has to say no, too. Method: share of residents among outpatients."""
    residents = {resident.id_number for resident in county.residents}
    outpatients = [visit for visit in visits if visit.type != "inpatient"]
    share = sum(visit.person_key in residents for visit in outpatients) / len(outpatients)
    assert 0.12 < share < 0.20


def test_some_come_without_a_card_and_some_numbers_are_mistyped(visits) -> None:
    """Goal: the window's usual troubles. Method: count the ways of showing oneself."""
    without = sum("id_number" not in visit.credentials for visit in visits)
    short = sum(len(visit.credentials.get("id_number", "")) == 15 for visit in visits)
    wrong = sum(
        len(number := visit.credentials.get("id_number", "")) == 18
        and number.upper() != visit.person_key
        for visit in visits
    )
    assert 150 < without < 330
    assert 5 < short < 50
    assert 8 < wrong < 50


def test_every_line_is_positive_and_adds_up(visits) -> None:
    """Goal: no bill is refused. Method: quantity times unit price from the bodies as sent."""
    for visit in visits:
        lines = [line for body in visit.charge_bodies() for line in body["lines"]]
        assert len({line["line_no"] for line in lines}) == len(lines)
        assert sum(Decimal(line["amount"]) for line in lines) * 100 == visit.total_fen
        for line in lines:
            assert Decimal(line["amount"]) > 0
            assert Decimal(line["quantity"]) * Decimal(line["unit_price"]) == Decimal(
                line["amount"]
            )
            first, last = visit.occurred_at.date(), visit.discharged_at.date()
            assert first <= date.fromisoformat(line["occurred_on"]) <= last


def test_implants_carry_a_ratio_inside_the_limits(visits) -> None:
    """Goal: JK-05. Method: every implant line of every bill."""
    implants = [line for visit in visits for line in visit.lines if line.item[2] == "implant"]
    assert len(implants) >= 5
    assert all(
        Decimal("0.18") <= Decimal(line.self_first_ratio or "0") <= Decimal("0.60")
        for line in implants
    )


def test_the_visit_number_names_nobody(visits) -> None:
    """Goal: visit numbers stand in addresses. Method: no ID number or name inside."""
    for visit in visits:
        assert visit.person_key not in visit.visit_no
        assert visit.visit_no.isascii()


def test_a_stay_too_small_for_its_lines_is_refused() -> None:
    """Goal: no negative line, ever. Method: a total of one yuan."""
    with pytest.raises(ValueError, match="too small"):
        inpatient_bill(stream(1, "x"), total_fen=100, admitted_on=FIRST_DAY, days=5, operated=True)
