"""Which of the five groups are on record, and a year's sums."""

from __future__ import annotations

from services.contracts.health_record.domain import (
    Drugs,
    Visit,
    by_year,
    diseased,
    treated,
    verified,
)


def test_what_nobody_told_is_not_recorded() -> None:
    """Goal: nothing invented, nothing of another township shown as missing. Method: each case."""
    assert verified(None, {"registered_poor"}, 0) == "not_recorded"
    assert verified("labour", {"registered_poor"}, 0) == "recorded"
    assert verified(None, {"illness_impoverished_severe"}, 0) == "recorded"
    assert verified(None, {"registered_poor"}, 1) == "recorded"
    assert [diseased(1, 1), diseased(0, 0), diseased(0, 1)] == [
        "recorded", "not_recorded", "withheld",
    ]  # fmt: skip
    assert treated((), 0) == "not_applicable"
    assert treated((), 2) == "withheld"
    assert treated({"managed", "closed"}, 0) == "recorded"
    assert treated({"managed", "found"}, 0) == "not_recorded"


def test_a_years_payers_and_the_patient_make_its_total() -> None:
    """Goal: sums by calendar year, the newest first. Method: two visits, drugs of two years."""
    visits = [
        Visit(2016, 500_000, 450_000, 100_000, {"basic_insurance": 400_000}),
        Visit(2016, 10_001, 10_001, 1, {"basic_insurance": 9_000, "hospital": 1_000}),
    ]
    newest, before = by_year(visits, [Drugs(2016, 150, 30, 100), Drugs(2015, 7, 0, 7)])
    assert (newest.year, newest.visits, newest.total, newest.in_scope) == (
        2016,
        2,
        510_001,
        460_001,
    )
    assert newest.payers == {"basic_insurance": 409_000, "hospital": 1_000}
    assert newest.paid + newest.patient == newest.total
    assert (newest.dispensings, newest.drugs_patient) == (1, 20)
    assert (before.year, before.visits, before.drugs_fund, before.drugs_patient) == (2015, 0, 7, 0)
