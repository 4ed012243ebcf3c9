"""Who may be merged with whom, and what the merged person looks like."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.merges.domain import Group, Standing, groups, picture, refusal

A, B, C, D = (UUID(int=number) for number in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("kept", "other", "expected"),
    [
        (Standing(A, None), Standing(B, None), None),
        (Standing(A, None, (C,)), Standing(B, None), None),
        (Standing(A, None), Standing(A, None), "same_id"),
        (Standing(A, None, (B,)), Standing(B, A), "merged_already"),
        (Standing(B, A), Standing(A, None, (B,)), "kept_is_absorbed"),
        (Standing(B, A), Standing(C, None), "kept_is_absorbed"),
        (Standing(C, None), Standing(B, A), "other_is_absorbed"),
        (Standing(C, None), Standing(A, None, (B,)), "other_keeps_persons"),
    ],
)
def test_only_stars(kept: Standing, other: Standing, expected: str | None) -> None:
    """Goal: no chain, no circle. Method: every constellation of up to three persons."""
    assert refusal(kept, other) == expected


def test_groups_by_any_member() -> None:
    """Goal: one step from any id to the person meant. Method: a star, a pair, a single."""
    found = groups([A, B, C, D], [(B, A), (C, A)])
    star = Group(A, (B, C))
    assert found == {A: star, B: star, C: star, D: Group(D)}
    assert star.members == (A, B, C)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=25))
def test_whatever_is_allowed_makes_stars(steps: list[tuple[int, int]]) -> None:
    """Goal: the rule keeps the invariant. Method: any sequence of attempts, each checked."""
    into: dict[UUID, UUID] = {}
    for one, two in steps:
        kept, other = UUID(int=one), UUID(int=two)

        def standing(person: UUID) -> Standing:
            keeps = tuple(each for each, target in into.items() if target == person)
            return Standing(person, into.get(person), keeps)

        if refusal(standing(kept), standing(other)) is None:
            into[other] = kept
        assert not set(into) & set(into.values())


def test_the_kept_persons_own_values_come_first() -> None:
    """Goal: a merge fills gaps and overwrites nothing. Method: values on one side, on both."""
    kept = {"person_id": A, "name_enc": b"a", "phone_enc": None, "sex": "M", "village": None}
    other = {"person_id": B, "name_enc": b"b", "phone_enc": b"1", "sex": "F", "village": "甲"}
    third = {"person_id": C, "name_enc": b"c", "phone_enc": b"2", "sex": "F", "village": "乙"}
    shown = picture(kept, [other, third])
    assert (shown["person_id"], shown["name_enc"], shown["sex"]) == (A, b"a", "M")
    assert (shown["phone_enc"], shown["village"]) == (b"1", "甲")
    assert kept["phone_enc"] is None
