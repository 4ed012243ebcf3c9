"""The pipeline with other content than Jinkouhe's: tilts, waivers, groups, dates, the order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.claims.settlement.domain import Bill, Person, settle
from services.claims.settlement.packs import load_pack_folder
from tests.unit.claims.bills import (
    ORDINARY,
    POOR,
    bill,
    changed_pack,
    example_a,
    jinkouhe,
    line,
    tier_of,
    visit,
)

SOURCE = {"document": "a test's document", "article": "T-1"}


def ratio_parameter(value):
    return {
        "description": {"zh": "测试", "en": "test"},
        "unit": "ratio",
        "citation": SOURCE,
        "values": {date(2016, 1, 1): value},
    }


def tilt(target, operation, parameter, **when):
    return {
        "target": target,
        "operation": operation,
        "parameter": parameter,
        "when": when,
        "citation": SOURCE,
    }


def test_tilts_change_ratio_and_deductible_only_where_the_pack_says(tmp_path):
    """Goal: ten points more and half the deductible at a district hospital inside the district,
    as LP-10, LP-11 and their worked chain (8670.00 and 1211.00, patient 519.00).
    Method: a pack with two tilts; the same bill inside, outside, and for an ordinary resident."""

    def pack(content):
        where = {"any_category": True, "facility_levels": ["secondary"], "in_region": True}
        tier_of(content, "inpatient_basic")["adjustments"] = [
            tilt("deductible", "multiply", "tilt.deductible", **where),
            tilt("ratio", "add", "tilt.points", **where),
        ]

    def parameters(content):
        content["tilt.deductible"] = ratio_parameter("0.50")
        content["tilt.points"] = ratio_parameter("0.10")

    tilted = load_pack_folder(changed_pack(tmp_path, pack=pack, parameters=parameters))
    given = {
        "basic.deductible.secondary": "400.00",
        "basic.ratio.secondary": "0.75",
        "medical_aid.ratio.secondary": "0.70",
    }
    stay = bill(line(1, "10400.00"))
    inside = settle(stay, tilted, POOR, parameters=given)
    assert inside.deductible == 20000
    assert inside.paid_by("basic_insurance") == 867000
    assert inside.paid_by("medical_aid") == 121100
    assert inside.patient_pays == 51900
    deductible = next(step for step in inside.explanation if step.step == "deductible")
    assert deductible.rule == "T-1"
    away = settle(bill(line(1, "10400.00"), in_region=False), tilted, POOR, parameters=given)
    assert away.paid_by("basic_insurance") == 750000
    assert settle(stay, tilted, ORDINARY, parameters=given).paid_by("basic_insurance") == 750000


def test_points_never_lift_a_ratio_above_one(tmp_path):
    """Goal: a tilted ratio stops at 1. Method: ten points on top of 0.95."""
    folder = changed_pack(
        tmp_path,
        pack=lambda c: tier_of(c, "inpatient_basic").update(
            adjustments=[tilt("ratio", "add", "tilt.points", any_category=True)]
        ),
        parameters=lambda c: c.update({"tilt.points": ratio_parameter("0.10")}),
    )
    result = settle(
        bill(line(1, "1200.00")),
        load_pack_folder(folder),
        POOR,
        parameters={"basic.ratio.secondary": "0.95"},
    )
    assert result.paid_by("basic_insurance") == 100000


def test_critical_illness_can_be_tilted_in_deductible_and_segments(tmp_path):
    """Goal: half the deductible and five points per segment; the national example with a burden
    of 20 000 gives 3600.00 and 8450.00. Method: a stay without basic insurance."""

    def pack(content):
        tier_of(content, "critical_illness")["adjustments"] = [
            tilt("deductible", "multiply", "tilt.deductible", any_category=True),
            tilt("segment_ratio", "add", "tilt.points", categories=["registered_poor"]),
        ]

    def parameters(content):
        content["tilt.deductible"] = ratio_parameter("0.50")
        content["tilt.points"] = ratio_parameter("0.05")

    tilted = load_pack_folder(changed_pack(tmp_path, pack=pack, parameters=parameters))
    given = {
        "basic.ratio.secondary": "0",
        "critical_illness.deductible": "14000.00",
        "critical_illness.segments": [
            {"above": "0.00", "ratio": "0.60"},
            {"above": "50000.00", "ratio": "0.65"},
        ],
    }
    stay = bill(line(1, "20000.00"))
    paid = [
        settle(stay, tilted, person, parameters=given).paid_by("critical_illness")
        for person in (ORDINARY, Person(frozenset({"orphan"})), POOR)
    ]
    assert paid == [360000, 780000, 845000]


def test_a_waiver_comes_before_insurance_and_has_its_own_payer(tmp_path):
    """Goal: a waiver takes its share of some kinds of line first (XB-26, XB-27), for those whom
    the pack names. Method: 20 % of computed tomography; 100.00 and a line of another kind."""
    folder = changed_pack(
        tmp_path,
        pack=lambda c: c.update(
            waivers=[
                {
                    "kinds": ["ct"],
                    "ratio": "waiver.rate",
                    "when": {"any_category": True},
                    "citation": SOURCE,
                }
            ]
        ),
        parameters=lambda c: c.update({"waiver.rate": ratio_parameter("0.20")}),
    )
    pack = load_pack_folder(folder)
    stay = bill(line(1, "100.01", kind="ct"), line(2, "500.00", kind="drug", catalogue_class="C"))
    result = settle(stay, pack, POOR)
    assert result.waived == result.paid_by("waiver_fund") == 2000
    assert result.in_scope == 8001
    assert result.explanation[0].step == "waiver"
    assert result.explanation[0].rule == "T-1"
    assert settle(stay, pack, ORDINARY).waived == 0
    # The price limit looks at the charge that is left after the waiver: 80.00 against 70.00.
    limited = settle(bill(line(1, "100.00", kind="ct", price_limit_fen=7000)), pack, POOR)
    assert (limited.waived, limited.over_limit, limited.in_scope) == (2000, 1000, 7000)


def test_of_one_group_only_the_first_that_applies_pays(tmp_path):
    """Goal: an order that the pack states decides between rules that both apply. Method: a better
    tier for the destitute before the general one."""

    def pack(content):
        general = tier_of(content, "medical_aid")
        general["group"] = "aid"
        better = {
            **general,
            "id": "medical_aid_destitute",
            "order": 45,
            "ratio": "aid.whole",
            "adjustments": [],
            "when": {"visit_types": ["inpatient"], "categories": ["destitute"]},
        }
        better.pop("otherwise")
        content["tiers"].insert(content["tiers"].index(general), better)

    folder = changed_pack(
        tmp_path, pack=pack, parameters=lambda c: c.update({"aid.whole": ratio_parameter("1")})
    )
    grouped = load_pack_folder(folder)
    stay = bill(line(1, "2000.00"), level="township")
    destitute = settle(stay, grouped, Person(frozenset({"destitute", "registered_poor"})))
    assert destitute.paid_by("medical_aid") == 38980
    assert destitute.patient_pays == 0
    assert settle(stay, grouped, POOR).paid_by("medical_aid") == 33133


def test_a_tier_ends_with_its_own_date(tmp_path):
    """Goal: a local extra may end before its pack (LP-16), by the day of discharge. Method: the
    last day and the day after."""
    folder = changed_pack(
        tmp_path,
        pack=lambda c: tier_of(c, "medical_aid")["when"].update({"to": date(2020, 12, 31)}),
    )
    ending = load_pack_folder(folder)
    paid = [
        settle(bill(line(1, "2000.00"), level="township", discharged_on=day), ending, POOR).paid_by(
            "medical_aid"
        )
        for day in (date(2020, 12, 31), date(2021, 1, 1))
    ]
    assert paid == [33133, 0]


def test_values_change_by_the_day_of_discharge(tmp_path):
    """Goal: the value in force on the day of discharge counts, whenever the stay began. Method: a
    deductible that rises on 1 July; a stay across that day and one that ends before."""
    folder = changed_pack(
        tmp_path,
        parameters=lambda c: c["basic.deductible.secondary"]["values"].update(
            {date(2016, 7, 1): "300.00"}
        ),
    )
    pack = load_pack_folder(folder)
    came = date(2016, 6, 20)
    deductibles = [
        settle(
            Bill(visit(admitted_on=came, discharged_on=left), (line(1, "1000.00"),)), pack, POOR
        ).deductible
        for left in (date(2016, 6, 30), date(2016, 7, 1))
    ]
    assert deductibles == [20000, 30000]


@pytest.mark.parametrize(
    ("class_", "share", "reason"),
    [
        ("B", None, "self_first_class_b"),
        ("B", "0.30", "self_first_class_b"),
        ("A", "0.30", "self_first_other"),
    ],
)
def test_a_lines_own_share_stands_before_the_classs(class_, share, reason):
    """Goal: the self-first share and its reason. Method: class B with and without its own share,
    class A with one."""
    own = None if share is None else Decimal(share)
    stay = bill(line(1, "100.00", catalogue_class=class_, self_first_ratio=own))
    assert settle(stay, jinkouhe(), POOR).gap[reason] == int(Decimal(share or "0.18") * 10000)


def test_the_price_limit_is_per_unit_and_before_self_first():
    """Goal: over the limit first, the self-first share of the rest after. Method: three units of
    class B at 40 with a limit of 30, and one unit when no quantity is given."""
    three = line(1, "120.00", catalogue_class="B", quantity=Decimal(3), price_limit_fen=3000)
    result = settle(bill(three), jinkouhe(), POOR)
    assert (result.over_limit, result.self_first, result.in_scope) == (3000, 1620, 7380)
    one = line(1, "120.00", price_limit_fen=3000)
    assert settle(bill(one), jinkouhe(), POOR).over_limit == 9000


def test_halves_of_a_fen_are_rounded_up_at_each_product():
    """Goal: half-up at every named product. Method: 18 % of 0.25 = 0.045 → 0.05; aid of
    885.10 × 0.75 = 663.825 → 663.83 in example A."""
    result = settle(bill(line(1, "0.25", catalogue_class="B")), jinkouhe(), POOR)
    assert result.self_first == 5
    assert settle(example_a("0.18"), jinkouhe(), POOR).paid_by("medical_aid") == 66383


def test_schemes_that_only_pay_afterwards_wait_beside_the_tiers():
    """Goal: emergency aid and the charity fund are known and pay nothing now (JK-17, JK-18), the
    commercial insurer has its place among the six schemes (JK-82, JK-86). Method: the pack read."""
    assert {tier.payer: tier.mode for tier in jinkouhe().waiting} == {
        "emergency_aid": "ex_post",
        "charity_fund": "disabled",
    }
    assert [tier.head.payer for tier in jinkouhe().tiers] == [
        "basic_insurance",
        "basic_insurance",
        "critical_illness",
        "commercial_insurance",
        "medical_aid",
    ]
