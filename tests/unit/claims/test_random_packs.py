"""What must hold whatever a pack says: the engine's promises over packs and bills made by chance."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.settlement.domain import Standing, settle
from services.claims.settlement.kinds import DeductibleAndRatio
from tests.unit.claims.random_packs import bills, packs, people, ratios, years

quick = settings(max_examples=40, derandomize=True)


@quick
@given(packs(), bills, people, years)
def test_the_parts_add_up_and_none_is_negative(chance, bill, person, year):
    """Goal: Σ payers + patient = total = Σ parts; each ≥ 0; the reasons sum to what the patient
    pays; every step that pays says so once, with a sentence and a source. Method: any pack."""
    result = settle(bill, chance.pack, person, year)
    shares = [amount for _, amount in result.payers]
    assert sum(shares) + result.patient_pays == result.total
    assert result.total == sum(line.amount_fen for line in bill.lines)
    parts = result.waived + result.out_of_catalogue + result.over_limit + result.self_first
    assert parts + result.in_scope == result.total
    assert min([*shares, result.patient_pays, *result.gap.values()]) >= 0
    assert sum(result.gap.values()) == result.patient_pays
    told = {payer: 0 for payer, _ in result.payers}
    for step in result.explanation:
        assert step.rule
        assert step.rule in step.citation
        assert step.text_zh.endswith("。")
        name = "waiver_fund" if step.step == "waiver" else step.step
        if name in told:
            told[name] += step.amount_fen
    assert told == dict(result.payers)


@quick
@given(packs(), st.lists(bills, min_size=1, max_size=5), people, st.randoms(use_true_random=False))
def test_no_cap_is_exceeded_over_a_year_in_any_order(chance, visits, person, random):
    """Goal: yearly caps hold in whatever order the year's visits are settled. Method: the visits
    shuffled, the year carried forward, each capped accumulator against the highest of its caps."""
    random.shuffle(visits)
    year = Standing()
    for bill in visits:
        year = year.plus(settle(bill, chance.pack, person, year).consumed)
        for accumulator, cap in chance.caps.items():
            assert getattr(year, accumulator) <= cap


@quick
@given(packs(), bills, people, years, st.randoms(use_true_random=False))
def test_batches_and_the_order_of_lines_change_nothing(chance, bill, person, year, random):
    """Goal: charges may arrive in any batches. Method: the same lines in another order; every
    amount, the year's movement and the explanation's amounts compared."""
    shuffled = list(bill.lines)
    random.shuffle(shuffled)
    one = settle(bill, chance.pack, person, year)
    two = settle(replace(bill, lines=tuple(shuffled)), chance.pack, person, year)
    assert one.payers == two.payers
    assert one.gap == two.gap
    assert one.consumed == two.consumed


@quick
@given(packs(), bills, people, years, ratios, ratios, st.data())
def test_raising_a_ratio_never_raises_the_patients_share(
    chance, bill, person, year, one, other, data
):
    """Goal: what a policy maker expects of a higher ratio of a tier, a tilt or a waiver. Method:
    the lower and the higher of two ratios in any place of the pack that has one."""
    if not chance.lifting:
        return
    name = data.draw(st.sampled_from(chance.lifting))
    low, high = sorted((one, other))
    pays = [
        settle(bill, chance.with_value(name, ratio), person, year).patient_pays
        for ratio in (low, high)
    ]
    assert pays[1] <= pays[0]


@quick
@given(packs().filter(lambda chance: chance.deductibles), bills, people, years)
def test_below_the_deductible_nobody_pays_twice(chance, bill, person, year):
    """Goal: an amount below the deductible is the patient's once: its payer adds nothing and the
    patient is not charged the deductible beside it. Method: a deductible above any bill."""
    name, payer = chance.deductibles[0]
    result = settle(bill, chance.with_value(name, 10**13), person, year)
    assert result.paid_by(payer) == 0
    if len([tier for tier in chance.pack.tiers if isinstance(tier, DeductibleAndRatio)]) == 1:
        assert result.deductible <= result.in_scope
    others = sum(amount for other, amount in result.payers if other != payer)
    assert result.patient_pays == result.total - others
