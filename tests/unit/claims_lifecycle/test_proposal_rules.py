"""Free room is shared out among the bills that a cap had cut, the oldest first."""

import random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.proposals.domain import CutBill, offers

BENEFITS = ("basic_paid", "medical_aid_paid")


def bill(number: int, **cuts: int) -> CutBill:
    return CutBill(UUID(int=number), UUID(int=number), cuts)


def test_the_oldest_comes_first_and_the_next_gets_what_is_left() -> None:
    """Goal: one room is not promised twice. Method: three bills, room for one and a half."""
    found = offers([bill(3, b=100), bill(1, b=100), bill(2, b=100)], {"b": 150})
    assert [(offer.settlement_id.int, dict(offer.amounts)) for offer in found] == [
        (1, {"b": 100}),
        (2, {"b": 50}),
    ]
    assert [tuple(other.int for other in offer.blocked_by) for offer in found] == [(), (1,)]
    assert offers([bill(1, b=100)], {"b": 0}) == []
    assert offers([bill(1, b=100)], {"b": -50}) == []
    assert offers([bill(1, b=100)], {}) == []


@settings(max_examples=60)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(BENEFITS), st.integers(1, 1_000), min_size=1), max_size=6
    ),
    st.fixed_dictionaries({benefit: st.integers(-500, 2_500) for benefit in BENEFITS}),
    st.randoms(use_true_random=False),
)
def test_no_more_than_the_room_no_more_than_the_cut_whatever_the_order(
    cuts: list[dict[str, int]], room: dict[str, int], chance: random.Random
) -> None:
    """Goal: the shares are safe and do not depend on how the rows came. Method: any bills."""
    bills = [bill(number, **each) for number, each in enumerate(cuts)]
    shuffled = list(bills)
    chance.shuffle(shuffled)
    found = offers(bills, room)
    assert offers(shuffled, room) == found
    for benefit in BENEFITS:
        offered = [offer.amounts.get(benefit, 0) for offer in found]
        wanted = sum(each.get(benefit, 0) for each in cuts)
        assert sum(offered) == max(0, min(room[benefit], wanted))
    for offer in found:
        assert all(
            0 < amount <= cuts[offer.settlement_id.int][benefit]
            for benefit, amount in offer.amounts.items()
        )
