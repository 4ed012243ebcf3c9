"""The demonstration's institutions are those of the summary, and are judged by the standards."""

from __future__ import annotations

from collections import Counter
from datetime import date

from deploy.demo.county import SEED
from deploy.demo.institutions import institutions
from services.reporting.standards.facts import MODELS, county_of
from services.reporting.standards.judging import evaluate, summary
from shared.policy.region import load_region


def test_the_clinics_and_doctors_of_2016() -> None:
    """Goal: the figures of JK-52 to JK-54, and what the standards say of them. Method: count the
    facts, judge the half-year's last day."""
    region = load_region("jinkouhe-2016")
    facts = institutions(region, seed=SEED)
    assert facts == institutions(region, seed=SEED)
    assert len(facts["facilities"]) == 41
    held = Counter(each["qualification"] for each in facts["staff"])
    assert held == {"other": 35, "village_doctor": 10, "assistant_doctor": 4, "licensed_doctor": 2}
    residents = sum(each["residents"] for each in facts["places"] if "village" in each)
    assert abs(residents - 49_423) < 41
    told = [(kind, MODELS[kind].model_validate(each)) for kind in facts for each in facts[kind]]
    counted = summary(evaluate(county_of(region, told, date(2016, 6, 30)), date(2016, 6, 30)))
    assert counted["LP-52"] == (41, 41)
    assert counted["LP-60"][0] == counted["LP-60"][1] > 0
    assert 0 < counted["LP-57"][0] <= 16
