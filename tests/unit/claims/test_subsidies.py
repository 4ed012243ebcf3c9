"""Enrolment subsidies: the pack's ordered rules, the year's contribution, the poverty status."""

from __future__ import annotations

import pytest

from services.claims.subsidies.domain import Enrolment, SubsidyRefused, subsidise
from shared.policy.errors import OverrideRefused, ParameterMissing
from tests.unit.claims.bills import LIANGPING, XINBIN, shipped


def subsidy(*categories, pack=LIANGPING, tier=1, year=2020, status=None, **parameters):
    found = shipped(pack)
    given = {f"subsidy.{name}_contribution": value for name, value in parameters.items()}
    return subsidise(
        Enrolment(frozenset(categories), tier, year, status),
        found.subsidies,
        found.parameters,
        (found.valid_from, found.valid_to),
        overrides=given,
    )


@pytest.mark.parametrize(
    ("categories", "status", "tier", "paid", "rule"),
    [
        (["destitute"], None, 1, 25000, "LP-02"),
        (["subsistence"], None, 2, 25000, "LP-04"),
        (["low_income"], None, 1, 17500, "LP-03"),
        (["illness_impoverished_severe"], None, 2, 25000, "LP-04"),
        (["registered_poor"], None, 1, 25000, "LP-05"),
        (["registered_poor"], "not_lifted", 2, 25000, "LP-05"),
        (["registered_poor"], "lifted", 1, 12500, "LP-06"),
        (["registered_poor_lifted"], None, 2, 12500, "LP-06"),
        (["registered_poor", "low_income"], "not_lifted", 1, 17500, "LP-03"),
        (["registered_poor", "orphan"], "lifted", 1, 25000, "LP-02"),
        (["marginal", "severely_disabled"], None, 1, 0, "LP-02"),
        ([], "lifted", 1, 0, "LP-02"),
    ],
)
def test_the_first_rule_that_fits_pays_once(categories, status, tier, paid, rule):
    """Goal: LP-02 … LP-06 as a table of group and tier, A before B before C, never added. Method:
    each group, both tiers, persons of several groups; the parts add up to the contribution."""
    given = subsidy(*categories, tier=tier, status=status)
    assert given.subsidy == paid
    assert given.rule == rule
    assert (
        given.subsidy + given.person_pays == given.contribution == (25000 if tier == 1 else 62500)
    )
    assert rule in given.citation.text
    assert given.explanation[0].amount_fen == paid
    assert given.explanation[0].text_zh.endswith("。")


def test_the_standard_is_that_of_the_insured_year():
    """Goal: LP-07; each year has its own contribution, named as assumed. Method: three years."""
    paid = {year: subsidy("subsistence", year=year).subsidy for year in (2019, 2020, 2021)}
    assert paid == {2019: 22000, 2020: 25000, 2021: 28000}
    assert subsidy("subsistence").assumptions == ("subsidy.tier1_contribution",)


def test_a_year_without_its_standard_is_refused():
    """Goal: never a silent default. Method: years after and before the known ones, and a value
    taken away."""
    for year in (2018, 2022, 2030):
        with pytest.raises(ParameterMissing):
            subsidy("subsistence", year=year)
    with pytest.raises(ParameterMissing):
        subsidy("subsistence", tier=2, tier1=None)
    with pytest.raises(SubsidyRefused) as caught:
        subsidy("subsistence", year=2015, tier1="100.00")
    assert caught.value.code == "pack_does_not_cover"


def test_no_more_than_the_contribution_is_subsidised():
    """Goal: a subsidy of the tier-1 standard never exceeds what the person owes. Method: a tier 2
    that is cheaper."""
    given = subsidy("orphan", tier=2, tier1="300.00", tier2="200.00")
    assert (given.subsidy, given.person_pays) == (20000, 0)


def test_half_a_fen_is_rounded_up():
    """Goal: half-up at the product. Method: 70 % of 0.05 is 0.035, of 0.15 is 0.105."""
    assert subsidy("low_income", tier1="0.05").subsidy == 4
    assert subsidy("low_income", tier1="0.15").subsidy == 11


def test_who_pays_the_contribution_is_told_by_category():
    """Goal: XB-51; civil affairs for those on subsistence and the destitute, the poverty office
    for the other poor. Method: persons of one and of two categories."""
    payers = {
        name: subsidy(name, "registered_poor", pack=XINBIN, year=2019).payer.zh
        for name in ("subsistence", "destitute", "registered_poor")
    }
    assert payers == {
        "subsistence": "县民政局",
        "destitute": "县民政局",
        "registered_poor": "县扶贫办",
    }
    assert subsidy(pack=XINBIN, year=2019).payer is None


def test_every_fault_of_an_enrolment_is_told_at_once():
    """Goal: field, fault and cure for each. Method: wrong in all four fields; an unknown override."""
    with pytest.raises(SubsidyRefused) as caught:
        subsidy("rich", tier=7, year=12, status="unsure")
    assert [refusal.field for refusal in caught.value.refusals] == [
        "person.categories",
        "person.poverty_status",
        "insurance_tier",
        "insurance_year",
    ]
    with pytest.raises(OverrideRefused):
        subsidy("orphan", tier9="1.00")
