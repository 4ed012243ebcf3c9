"""Weights learned without labels from pairs whose truth the test knows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from services.identity.matching.learning import Pass, Prior, flat_prior, learn_weights
from services.identity.matching.model import AGREED_WEIGHTS, NAME, NUMBER, SEX
from services.identity.matching.names import prepare_name
from services.identity.matching.records import Person
from services.identity.matching.scoring import FieldSpec, Levels, Model, Weights
from services.identity.matching.teaching import LEAST_PEOPLE, learn
from tests.unit.identity.matching.county import GIVEN, crowd

FIELDS = ("one", "two", "three")
MODEL: Model[object, object] = Model(
    "three", tuple(FieldSpec(name, ("same", "other"), lambda a, b: None) for name in FIELDS)
)
M = {"one": 0.9, "two": 0.8, "three": 0.7}
U = {"one": 0.02, "two": 0.05, "three": 0.1}


def pairs(shares: Mapping[str, float], count: int, seed: int) -> Counter[Levels]:
    """Patterns of pairs whose fields agree independently with the given shares."""
    source = random.Random(seed)
    return Counter(
        tuple("same" if source.random() < shares[name] else "other" for name in FIELDS)
        for _ in range(count)
    )


def learned(blocked: frozenset[str] = frozenset(), prior: Prior | None = None) -> Weights:
    mixed = pairs(M, 3_000, 1) + pairs(U, 5_000, 2)
    return learn_weights(
        MODEL,
        random=pairs(U, 50_000, 3) + pairs(M, 500, 4),
        passes=[Pass(mixed, blocked)],
        prior=prior or flat_prior(MODEL),
        prior_bits=-10.0,
    )


def test_em_finds_the_shares_of_both_classes() -> None:
    """Goal: no labels are needed. Method: 3,000 matches among 8,000 pairs with known shares; the
    random pairs hold matches as well, one in a hundred."""
    weights = learned()
    for name in FIELDS:
        assert weights.m[name]["same"] == pytest.approx(M[name], abs=0.03)
        assert weights.u[name]["same"] == pytest.approx(U[name], rel=0.1)


def test_a_blocked_field_learns_nothing_from_its_own_pass() -> None:
    """Goal: blocking makes no evidence. Method: the blocked field keeps the prior's m."""
    prior = flat_prior(MODEL, m_first=0.6)
    weights = learned(frozenset({"one"}), prior)
    assert weights.m["one"] == pytest.approx(prior.m["one"])
    assert weights.m["two"]["same"] == pytest.approx(M["two"], abs=0.05)


def test_fixed_fields_and_strong_priors_stay() -> None:
    """Goal: what pairs cannot teach is not learned. Method: one field fixed; a heavy prior."""
    fixed = replace(flat_prior(MODEL, m_first=0.6), fixed=frozenset({"two"}))
    assert learned(prior=fixed).m["two"] == pytest.approx(fixed.m["two"])
    heavy = flat_prior(MODEL, m_first=0.6, m_pairs=1e9)
    assert learned(prior=heavy).m["three"]["same"] == pytest.approx(0.6, abs=0.01)


def registrations() -> list[Person]:
    """1,500 people, each tenth registered a second time with another name at times."""
    people = list(crowd(1_500))
    again = [
        replace(
            one,
            person_id=f"again-{one.person_id}",
            number=None,
            name=prepare_name("冯" + one.name.folded[1:]) if at % 7 == 0 and one.name else one.name,
        )
        for at, one in enumerate(people[::10])
    ]
    return [*people, *again]


class TestARoster:
    def test_the_order_of_people_does_not_matter(self) -> None:
        """Goal: one roster, one table. Method: learn from it as it is and shuffled."""
        people = registrations()
        shuffled = list(people)
        random.Random(5).shuffle(shuffled)
        one, other = (learn(each, random_pairs=20_000) for each in (people, shuffled))
        assert one is not None
        assert other is not None
        assert (one.version, one.to_json()) == (other.version, other.to_json())

    def test_u_is_the_rosters_own(self) -> None:
        """Goal: how often strangers agree. Method: sexes as they are; names by frequency."""
        people = [
            replace(one, sex="F" if at % 5 == 0 else "M") for at, one in enumerate(crowd(3_000))
        ]
        weights = learn(people)
        assert weights is not None
        # Strangers agree in sex with 0.8² + 0.2².
        assert weights.u[SEX]["exact"] == pytest.approx(0.68, abs=0.03)
        assert weights.m[NUMBER] == AGREED_WEIGHTS.m[NUMBER]
        assert weights.frequencies[NAME].total == 3_000
        assert all(count >= 5 for count in weights.frequencies[NAME].counts.values())

    def test_families_do_not_teach_that_matches_differ(self) -> None:
        """Goal: households are no double registrations. Method: m of the name stays near."""
        weights = learn(crowd(3_000), random_pairs=20_000)
        assert weights is not None
        assert weights.m[NAME]["exact"] == pytest.approx(AGREED_WEIGHTS.m[NAME]["exact"], abs=0.05)

    def test_households_teach_what_relatives_share(self) -> None:
        """Goal: a lent number is weighed by the roster's families. Method: families that all
        share a surname and the first character, and families of nothing in common."""
        alike = [
            replace(one, name=prepare_name("陈建" + GIVEN[at % 20]))
            for at, one in enumerate(crowd(3_000))
        ]
        close, far = (learn(each, random_pairs=20_000) for each in (alike, crowd(3_000)))
        assert close is not None
        assert far is not None
        assert close.kin[NAME]["partial"] > 2 * far.kin[NAME]["partial"]
        assert sum(close.kin[NAME].values()) == pytest.approx(1.0, abs=1e-4)

    def test_too_few_people_teach_nothing(self) -> None:
        """Goal: the agreed table stays in force. Method: one person fewer than needed."""
        assert learn(crowd(LEAST_PEOPLE - 1)) is None
