"""Whether the grades keep their promise and the weights stay what they were."""

from __future__ import annotations

from dataclasses import replace

from services.identity.matching.model import AGREED_WEIGHTS, NAME
from services.identity.matching.scoring import Weights
from services.identity.reviews.domain import Share, below_promise
from services.identity.weights.domain import MOST_SHIFT_BITS, shift


def with_names(differs: float) -> Weights:
    """The agreed table with another share of strangers' names that agree."""
    u = dict(AGREED_WEIGHTS.u[NAME])
    u["exact"] *= differs
    return replace(AGREED_WEIGHTS, u={**AGREED_WEIGHTS.u, NAME: u})


def test_the_shift_is_the_fields_mean_change_of_evidence() -> None:
    """Goal: one plain figure. Method: names eight times as common, half as common again; none."""
    moved = shift(AGREED_WEIGHTS, with_names(8))
    assert moved is not None
    assert (moved.field, moved.bits) == (NAME, round(3 * AGREED_WEIGHTS.m[NAME]["exact"], 4))
    assert moved.warning
    little = shift(AGREED_WEIGHTS, with_names(1.5))
    assert little is not None
    assert 0 < little.bits < MOST_SHIFT_BITS
    assert not little.warning
    still = shift(AGREED_WEIGHTS, AGREED_WEIGHTS)
    assert still is not None
    assert still.bits == 0


def test_tables_of_two_models_are_not_compared() -> None:
    """Goal: a new release is no drift. Method: another model's name."""
    assert shift(replace(AGREED_WEIGHTS, model="window-0"), AGREED_WEIGHTS) is None


def test_a_promise_is_broken_when_chance_does_not_explain_it() -> None:
    """Goal: no alarm for three reviews. Method: shares of several sizes around the promise."""
    assert not below_promise(Share(0, 0))
    assert not below_promise(Share(0, 3))
    assert not below_promise(Share(290, 300))
    assert below_promise(Share(80, 100))
