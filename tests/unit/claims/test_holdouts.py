"""What other systems test, or lost money by, asked of this engine; each test names its source."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.claims.settlement.cases import load_cases, run_case
from services.claims.settlement.domain import Person, Standing, settle
from services.claims.settlement.packs import load_pack_folder
from shared.money import times
from tests.unit.claims.bills import ORDINARY, POOR, bill, changed_pack, jinkouhe, line, tier_of

JAPAN = Path(__file__).parent / "foreign" / "japan-monthly-cap"
JAPANESE_EXAMPLES = load_cases(JAPAN)
SOURCE = {"document": "a test's document", "article": "T-1"}
WATERFALL = {
    "basic.deductible.secondary": "1000.00",
    "basic.ratio.secondary": "0.75",
    "critical_illness.deductible": "99999.00",
}


def amount(unit, value):
    return {
        "description": {"zh": "测试", "en": "test"},
        "unit": unit,
        "citation": SOURCE,
        "values": {date(2016, 1, 1): value},
    }


class TestWaterfall:
    """From the unit tests of claim adjudicators: deductible, then a share, then a ceiling."""

    def test_with_room_left(self):
        """Goal: 11 000 above a deductible of 1 000 at 75 % is 7500.00, and 3500.00 the patient's.
        Method: a year without payments."""
        result = settle(bill(line(1, "11000.00")), jinkouhe(), ORDINARY, parameters=WATERFALL)
        assert result.paid_by("basic_insurance") == 750_000
        assert result.patient_pays == 350_000

    def test_with_the_funds_cap_biting(self):
        """Goal: with 2500.00 left under the yearly cap the fund pays 2500.00, the patient 8500.00.
        Method: a cap of 10 000 of which 7 500 are spent."""
        result = settle(
            bill(line(1, "11000.00")),
            jinkouhe(),
            ORDINARY,
            Standing(basic_paid=750_000),
            parameters={**WATERFALL, "basic.annual_cap": "10000.00"},
        )
        assert result.paid_by("basic_insurance") == 250_000
        assert result.patient_pays == 850_000

    def test_with_the_patients_cap_biting(self, tmp_path):
        """Goal: the mirror image: a patient who never pays more than 2500.00 leaves 8500.00 to the
        payers. Method: a tier beyond the patient's cap behind the insurance."""

        def pack(content):
            content["tiers"].append(
                {
                    "id": "patient_cap",
                    "order": 80,
                    "payer": "second_compensation",
                    "citation": SOURCE,
                    "kind": "beyond_patient_cap",
                    "covers": "everything",
                    "own": "patient.cap",
                }
            )

        folder = changed_pack(
            tmp_path,
            pack=pack,
            parameters=lambda c: c.update({"patient.cap": amount("CNY", "2500.00")}),
        )
        capped = load_pack_folder(folder)
        result = settle(bill(line(1, "11000.00")), capped, ORDINARY, parameters=WATERFALL)
        assert result.patient_pays == 250_000
        assert sum(fen for _, fen in result.payers) == 850_000

    def test_below_the_deductible(self):
        """Goal: a bill of 2500.00 below a deductible of 3 000 is the patient's 2500.00, not the
        deductible. Method: one line."""
        result = settle(
            bill(line(1, "2500.00")),
            jinkouhe(),
            ORDINARY,
            parameters={**WATERFALL, "basic.deductible.secondary": "3000.00"},
        )
        assert result.patient_pays == result.deductible == 250_000
        assert result.paid_by("basic_insurance") == 0


def test_a_category_ceiling_holds_across_two_claims(tmp_path):
    """Source: a public insurer's system that began each claim with a fresh ceiling. Goal: the
    second claim of the category is paid 0. Method: a fund for laboratory lines alone, 100 a year,
    two claims of 100 beside other lines."""

    def pack(content):
        content["tiers"].insert(
            0,
            {
                "id": "laboratory",
                "order": 5,
                "payer": "special_fund",
                "citation": SOURCE,
                "kind": "ratio_of_remainder",
                "line_kinds": ["lab"],
                "ratio": "laboratory.ratio",
                "cap": "laboratory.cap",
                "accumulator": "special_fund_paid",
            },
        )

    folder = changed_pack(
        tmp_path,
        pack=pack,
        parameters=lambda c: c.update(
            {"laboratory.ratio": amount("ratio", "1"), "laboratory.cap": amount("CNY", "100.00")}
        ),
    )
    ceiling = load_pack_folder(folder)
    visit = bill(line(1, "100.00", kind="lab"), line(2, "60.00"), kind="outpatient")
    first = settle(visit, ceiling, POOR)
    second = settle(visit, ceiling, POOR, first.consumed)
    assert [result.paid_by("special_fund") for result in (first, second)] == [10_000, 0]
    assert [result.patient_pays for result in (first, second)] == [6_000, 16_000]


def test_a_line_of_99_99_stays_99_99():
    """Source: systems that keep money in binary floats or round each line to a tenth. Goal: not a
    fen is lost or found. Method: one line of 99.99 out of catalogue, and three times 33.33."""
    alone = settle(bill(line(1, "99.99", catalogue_class="C")), jinkouhe(), POOR)
    assert (alone.total, alone.patient_pays) == (9_999, 9_999)
    thirds = line(1, "99.99", quantity=Decimal(3), unit_price_fen=3_333)
    assert settle(bill(thirds), jinkouhe(), POOR).total == 9_999
    many = bill(*(line(n, "99.99", catalogue_class="C") for n in range(1, 1001)))
    assert settle(many, jinkouhe(), POOR).patient_pays == 9_999_000


def test_two_funds_that_pay_equal_amounts_both_count(tmp_path):
    """Source: a ledger that kept a claim's payments as a set, so that equal ones became one. Goal:
    both are there and both are added up. Method: two tiers that each pay half of what is left."""

    def pack(content):
        tier_of(content, "medical_aid").update(ratio="aid.half", adjustments=[])
        content["tiers"].append(
            {
                "id": "second",
                "order": 80,
                "payer": "second_compensation",
                "citation": SOURCE,
                "kind": "remainder_up_to",
                "covers": "everything",
            }
        )

    folder = changed_pack(
        tmp_path, pack=pack, parameters=lambda c: c.update({"aid.half": amount("ratio", "0.5")})
    )
    result = settle(bill(line(1, "1200.00")), load_pack_folder(folder), POOR)
    assert result.paid_by("medical_aid") == result.paid_by("second_compensation") == 18_500
    assert sum(fen for _, fen in result.payers) == result.total == 120_000
    assert result.patient_pays == 0


@pytest.mark.parametrize(
    ("fen", "ratio", "rounded"),
    [
        (5, "0.5", 3),
        (-5, "0.5", -3),
        (1, "0.5", 1),
        (-1, "0.5", -1),
        (15, "0.3", 5),
        (-15, "0.3", -5),
    ],
)
def test_half_a_fen_is_rounded_away_from_nothing_on_both_sides(fen, ratio, rounded):
    """Source: reversals that rounded the negative half the other way and left a fen behind. Goal: a
    negative amount is rounded as its opposite. Method: halves of both signs."""
    assert times(fen, Decimal(ratio)) == rounded


@pytest.mark.parametrize(
    "example", JAPANESE_EXAMPLES, ids=[case.name for case in JAPANESE_EXAMPLES]
)
def test_the_japanese_monthly_cap_is_a_pack_like_any_other(example):
    """Source: the ministry's calculation examples of January 2015 for the high-cost medical expense
    benefit, under 70: 253,638, 169,084, 81,075, 57,600, 35,400 yen and the caps of the fourth month.
    Goal: packs are general enough to say a patient's cap that rises with the cost. Method: the
    rules written as YAML tiers, the published costs as its cases."""
    assert run_case(load_pack_folder(JAPAN), example).differences == ()


def test_a_persons_cap_is_his_plans():
    """Goal: a parameter's name may hold the plan, and an unknown plan is refused. Method: the same
    cost in two classes of the Japanese pack."""
    pack = load_pack_folder(JAPAN)
    costly = bill(line(1, "9457.60"), level="tertiary")
    pays = [settle(costly, pack, Person(insurance_plan=plan)).patient_pays for plan in ("a", "オ")]
    assert pays == [253_638, 35_400]
