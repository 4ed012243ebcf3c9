"""Points, grades, ranks and the money that hangs on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.assessments.domain import (
    Sampled,
    Score,
    linked,
    ranked,
    score,
    share_reached,
)
from services.reporting.assessments.schemes import Scheme, schemes

GRADES = [("A", 90), ("B", 80), ("C", 60), ("D", 0)]


def figure(numerator: Any, denominator: Any, target: str | None, direction: str) -> dict[str, Any]:
    value = None
    if target is not None and Decimal(str(denominator)):
        value = Decimal(str(numerator)) / Decimal(str(denominator))
    met = value is not None and (
        value <= Decimal(str(target)) if direction == "at_most" else value >= Decimal(str(target))
    )
    return {
        "numerator": numerator, "denominator": denominator, "target": target,
        "direction": direction, "status": "met" if met else "missed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("numerator", "denominator", "target", "direction", "expected"),
    [
        ("10.00", "100.00", "0.10", "at_most", "1"), ("15.00", "100.00", "0.10", "at_most", "0.5"),
        ("20.00", "100.00", "0.10", "at_most", "0"), ("90.00", "100.00", "0.10", "at_most", "0"),
        (45, 100, "0.90", "at_least", "0.5"), (99, 100, "0.90", "at_least", "1"),
        (0, 0, "0.90", "at_least", None), (1, 2, None, "at_least", None),
    ],
)  # fmt: skip
def test_how_much_of_a_target_is_reached(
    numerator: Any, denominator: Any, target: str | None, direction: str, expected: str | None
) -> None:
    """Goal: full points at the target, fewer beyond it, none where nothing was to be done."""
    found = share_reached(figure(numerator, denominator, target, direction))
    assert found == (None if expected is None else Decimal(expected))


def test_two_parts_and_what_does_not_apply() -> None:
    """Goal: XB-52, both parts; an indicator without a denominator costs nobody points. Method: by
    hand: online 10 of 10 + not applicable → 60 of 60; on site 18/20 of 25 and 15 of no sample."""
    figures = {"a": figure(95, 100, "0.90", "at_least"), "b": figure(0, 0, "0.10", "at_most")}
    found = score(
        "永和镇", "永和镇", {"a": 10, "b": 50}, figures, {"x": 25, "y": 15},
        {"x": Sampled(20, 18)}, GRADES,
    )  # fmt: skip
    assert (found.online, found.on_site) == (Decimal("60.00"), Decimal("36.00"))
    assert (found.total, found.grade) == (Decimal("96.00"), "A")
    unsampled = score("永和镇", "永和镇", {"a": 60}, figures, {"x": 40}, {}, GRADES)
    assert (unsampled.online, unsampled.total, unsampled.grade) == (Decimal("60.00"), None, None)


def test_equal_scores_share_a_rank() -> None:
    """Goal: nobody is last by the order of a list. Method: 90, 80, 80, 70 and one unscored."""
    scores = [
        Score(name, name, (), None, None, None if total is None else Decimal(total), None)
        for name, total in (("丁", 70), ("戊", None), ("乙", 80), ("甲", 90), ("丙", 80))
    ]
    told = [(each.subject, each.rank) for each in ranked(scores)]
    assert told == [("甲", 1), ("丙", 2), ("乙", 2), ("丁", 4), ("戊", None)]


@settings(max_examples=60, deadline=None)
@given(
    passed=st.lists(st.integers(0, 20), min_size=3, max_size=3),
    numerator=st.integers(0, 300),
)
def test_no_score_leaves_its_bounds(passed: list[int], numerator: int) -> None:
    """Goal: 0 to 100, each grade its own range, more right samples never fewer points."""
    scheme = schemes()["township"]
    figures = {code: figure(numerator, 100, "0.90", "at_least") for code in scheme.parts.online}
    items = {code: each.points for code, each in scheme.parts.on_site.items()}

    def total(counts: list[int]) -> Decimal:
        samples = {code: Sampled(20, n) for code, n in zip(items, counts, strict=True)}
        found = score("x", "x", scheme.parts.online, figures, items, samples, GRADES)
        assert found.total is not None
        least = dict(GRADES)[str(found.grade)]
        assert least <= found.total <= 100
        return found.total

    assert total(passed) <= total([min(20, each + 1) for each in passed])


def test_money_follows_the_grade_to_the_fen() -> None:
    """Goal: SJ-43. Method: half-up at the half fen."""
    assert linked(100_000_000, Decimal("1.05")) == 105_000_000
    assert linked(10, Decimal("0.95")) == 10
    assert linked(30, Decimal("0.95")) == 29


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("points", lambda each: each["parts"]["online"].update(personal_share=16)),
        ("grades", lambda each: each["grades"].pop()),
        ("ratio", lambda each: each["links"]["fiscal_input"]["ratios"].pop("A")),
        ("indicators", lambda each: each["parts"]["online"].update(no_such=1, personal_share=14)),
    ],
)
def test_a_scheme_with_a_slip_is_refused(part: str, change: Any) -> None:
    """Goal: points make 100, grades reach 0, each has its ratio, each indicator is one."""
    content = schemes()["township"].model_dump(mode="json", by_alias=True)
    Scheme.model_validate(content)
    change(content)
    with pytest.raises(ValueError, match=part):
        Scheme.model_validate(content)
