"""Evidence in bits, tables of weights and their versions."""

from __future__ import annotations

import json
import math

import pytest

from services.identity.matching.model import AGREED_WEIGHTS, PRODUCT, product_model
from services.identity.matching.places import MergedPlaces
from services.identity.matching.scoring import (
    FieldSpec,
    Frequencies,
    Model,
    Weights,
    WeightsAltered,
    count_values,
    in_bits,
    score,
    total,
)
from tests.unit.identity.matching.county import ask, person

LETTERS: FieldSpec[str, str] = FieldSpec(
    "letter",
    ("same", "other"),
    lambda asked, known: None if not asked else "same" if asked == known else "other",
    lambda known, level: known if level == "same" else None,
    lambda known: (known,) if known else (),
)
MODEL = Model("letters", (LETTERS,))
PLAIN = Weights(
    "letters", {"letter": {"same": 0.8, "other": 0.2}}, {"letter": {"same": 0.1, "other": 0.9}}, 0.0
)


def test_a_weight_is_the_logarithm_of_the_ratio() -> None:
    """Goal: the formula. Method: m / u = 8 is 3 bits; missing is no evidence at all."""
    assert score(MODEL, "a", "a", PLAIN).score == 3.0
    assert score(MODEL, "a", "b", PLAIN).score == pytest.approx(math.log2(0.2 / 0.9), abs=1 / 16)
    assert score(MODEL, "", "b", PLAIN) == ((), 0.0)


def test_rare_values_weigh_more_than_common_ones() -> None:
    """Goal: frequencies. Method: 9 of 16 have one letter, 5 another, 2 letters are unique."""
    table = count_values(LETTERS, ["a"] * 9 + ["b"] * 5 + ["c", "d", ""])
    assert table == Frequencies(16, {"a": 9, "b": 5}, 1 / 16)
    weighed = Weights("letters", PLAIN.m, PLAIN.u, 0.0, {"letter": table})
    bits = [score(MODEL, letter, letter, weighed).score for letter in "abcz"]
    assert bits == [in_bits(0.8, share) for share in (9 / 16, 5 / 16, 1 / 16, 1 / 16)]
    assert bits == sorted(bits)
    # Disagreement does not depend on the value.
    assert score(MODEL, "a", "c", weighed) == score(MODEL, "c", "a", weighed)


def test_no_table_tells_what_few_bear() -> None:
    """Goal: privacy of the stored table. Method: four bearers are not in it, five are."""
    table = count_values(LETTERS, ["a"] * 4 + ["b"] * 5)
    assert table is not None
    assert set(table.counts) == {"b"}


def test_sums_are_exact_in_any_order() -> None:
    """Goal: re-scoring to the bit. Method: all weights agreed on, added forwards and backwards."""
    bits = [value for levels in AGREED_WEIGHTS.bits.values() for value in levels.values()]
    assert sum(bits) == sum(reversed(bits)) == math.fsum(bits)
    assert all(value * 16 == int(value * 16) for value in bits)


def test_a_table_survives_json_with_its_version() -> None:
    """Goal: stored weights are the weights. Method: there and back; then one figure altered."""
    text = AGREED_WEIGHTS.to_json()
    again = Weights.from_json(text)
    assert again == AGREED_WEIGHTS
    assert (again.version, again.to_json()) == (AGREED_WEIGHTS.version, text)
    content = json.loads(text)
    content["m"]["name"]["exact"] = 0.5
    with pytest.raises(WeightsAltered):
        Weights.from_json(json.dumps(content))


def test_the_version_is_that_of_the_content() -> None:
    """Goal: no two tables of one version. Method: another figure; another order of the keys."""
    other = Weights("letters", {"letter": {"same": 0.7, "other": 0.3}}, PLAIN.u, 0.0)
    turned = Weights("letters", {"letter": dict(reversed(PLAIN.m["letter"].items()))}, PLAIN.u, 0.0)
    assert other.version != PLAIN.version
    assert turned.version == PLAIN.version


def test_the_agreed_shares_add_up() -> None:
    """Goal: they are shares. Method: every field's m and u, and a weight for every level."""
    for spec in PRODUCT.fields:
        for table in (AGREED_WEIGHTS.m, AGREED_WEIGHTS.u):
            assert sum(table[spec.name].values()) == pytest.approx(1.0, abs=1e-5), spec.name
        assert set(AGREED_WEIGHTS.bits[spec.name]) == set(spec.levels)
    for name, levels in AGREED_WEIGHTS.kin.items():
        assert sum(levels.values()) == pytest.approx(1.0, abs=1e-5), name
        assert set(levels) == set(AGREED_WEIGHTS.bits[name])


def test_the_quick_sum_is_the_score() -> None:
    """Goal: one scoring code. Method: the sum without evidence against the assessment."""
    one = person("one", "陈建国")
    query = ask(name="陈建郭", birth_date=one.birth_date, sex="F", address="金河镇", phone="1")
    levels = PRODUCT.levels(query, one)
    found = score(PRODUCT, query, one, AGREED_WEIGHTS)
    assert total(PRODUCT, AGREED_WEIGHTS, levels, one) == found.score
    assert found.score == sum(item.weight for item in found.evidence)
    assert [item.field for item in found.evidence] == [
        "name",
        "birth_date",
        "sex",
        "village",
        "phone",
    ]


def test_merged_villages_are_the_regions() -> None:
    """Goal: an old village's name. Method: the same question with and without the merger."""
    one = person("one", "陈建国", village="和平村")
    query = ask(address="金河镇旧村")
    levels = [
        score(model, query, one, AGREED_WEIGHTS).level("village")
        for model in (
            product_model(),
            product_model(MergedPlaces([(("金河镇", "旧村"), ("金河镇", "和平村"))])),
        )
    ]
    assert levels == ["township", "merged_village"]
