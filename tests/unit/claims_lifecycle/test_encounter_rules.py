"""The encounter's pure rules: states, periods, which recognition counts, the double entry."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.encounters.domain import (
    TRANSITIONS,
    Discharge,
    Period,
    Recognition,
    TransitionNotAllowed,
    after,
    check_discharge,
    deposit_allowed,
    in_conflict,
    in_force,
    winner,
)

DAY = date(2016, 3, 1)
NOON = datetime(2016, 3, 1, 4, tzinfo=UTC)


def test_only_the_listed_transitions_are_possible() -> None:
    """Goal: no way around the machine. Method: every state with every action."""
    states = ("open", "charging", "discharged", "settled", "cancelled")
    actions = ("charge", "withdraw_charges", "discharge", "settle", "reverse", "cancel")
    for status, action in itertools.product(states, actions):
        if (status, action) in TRANSITIONS:
            assert after(status, action) == TRANSITIONS[status, action]
        else:
            with pytest.raises(TransitionNotAllowed) as refused:
                after(status, action)
            assert (refused.value.status, refused.value.action) == (status, action)
    assert {action for status, action in TRANSITIONS if status == "settled"} == {"reverse"}
    assert {status for status, action in TRANSITIONS if action == "settle"} == {"discharged"}


def test_both_ends_of_a_period_are_included() -> None:
    """Goal: the first and the last day count. Method: the days around them."""
    period = Period("registered_poor", DAY, DAY + timedelta(days=2))
    held = [period.holds_on(DAY + timedelta(days=offset)) for offset in range(-1, 4)]
    assert held == [False, True, True, True, False]


def test_the_longest_standing_category_is_first_and_named_once() -> None:
    """Goal: one order for every reader. Method: overlapping and repeated periods."""
    periods = [
        Period("subsistence", date(2015, 1, 1)),
        Period("registered_poor", date(2014, 1, 1), date(2016, 12, 31)),
        Period("registered_poor", date(2015, 6, 1)),
        Period("orphan", date(2017, 1, 1)),
    ]
    for order in itertools.permutations(periods):
        assert in_force(order, DAY) == ("registered_poor", "subsistence")


def test_a_period_survives_its_column() -> None:
    """Goal: nothing is lost in JSON. Method: there and back, open and closed."""
    for period in (Period("orphan", DAY), Period("orphan", DAY, DAY)):
        assert Period.from_dict(period.as_dict()) == period


def recognition(number: int, *, grade: str = "certain", person_id: str = "p") -> Recognition:
    return Recognition(
        recognition_id=f"r-{number}",
        grade="certain" if grade == "certain" else "probable",
        person_id=person_id,
        categories=(),
        treat_first_pay_later=False,
        occurred_at=NOON + timedelta(hours=number),
        visit_type="inpatient",
    )


@given(
    st.lists(
        st.builds(recognition, st.integers(0, 5), grade=st.sampled_from(["certain", "probable"])),
        min_size=1,
        max_size=5,
        unique_by=lambda each: each.recognition_id,
    ),
    st.randoms(use_true_random=False),
)
def test_the_winner_does_not_depend_on_the_order(found: list[Recognition], random: object) -> None:
    """Goal: late and early deliveries end alike. Method: shuffle, and state the rule apart."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    certain = [each for each in found if each.grade == "certain"] or found
    assert winner(shuffled) == min(certain, key=lambda each: each.occurred_at)


def test_different_persons_are_a_conflict() -> None:
    """Goal: somebody is told. Method: alike, different, and against the hospital's word."""
    alike = [recognition(1), recognition(2)]
    assert winner([]) is None
    assert not in_conflict(alike, None)
    assert not in_conflict(alike, "p")
    assert in_conflict(alike, "q")
    assert in_conflict([recognition(1), recognition(2, person_id="q")], None)


@pytest.mark.parametrize(
    ("poor", "in_region", "designated", "deposit_fen", "allowed"),
    [
        (True, True, True, 0, True),
        (True, True, True, 1, False),
        (True, False, True, 1, True),
        (True, True, False, 1, True),
        (False, True, True, 1, True),
    ],
)
def test_deposit(
    poor: bool, in_region: bool, designated: bool, deposit_fen: int, allowed: bool
) -> None:
    """Goal: LP-23. Method: each condition turned alone."""
    assert (
        deposit_allowed(
            poor=poor, in_region=in_region, designated=designated, deposit_fen=deposit_fen
        )
        is allowed
    )


@pytest.mark.parametrize(
    ("code", "sound"),
    [
        ("J18", True),
        ("J18.900", True),
        ("I10.x00x002", True),
        ("M80.800x021", True),
        ("J1", False),
        ("肺炎", False),
        ("J18.", False),
        ("51111319800101001X", False),
    ],
)
def test_a_diagnosis_has_the_shape_of_icd_10(code: str, sound: bool) -> None:
    """Goal: codes, not words and not ID numbers. Method: real codes and other things."""
    found = check_discharge(Discharge(NOON, (code,)), admitted_at=NOON, latest=NOON)
    assert bool(found) is not sound


def test_a_discharge_may_be_earlier_on_the_day_of_the_admission() -> None:
    """Goal: a recognition asked for at noon does not spoil a discharge of that morning.

    Method: the same business day, and the day before.
    """
    latest = NOON + timedelta(days=1)
    morning = check_discharge(
        Discharge(NOON - timedelta(hours=3), ()), admitted_at=NOON, latest=latest
    )
    before = check_discharge(
        Discharge(NOON - timedelta(hours=13), ()), admitted_at=NOON, latest=latest
    )
    assert not morning
    assert before.before_admission
