"""Whether a visit came by a referral, as contracts tells it."""

from datetime import date
from typing import Any

import pytest

from shared.events.base import Envelope
from shared.events.catalog import (
    ReferralAccepted,
    ReferralClosed,
    ReferralMade,
    ReferralRefused,
    ReferralReturned,
)
from tests.integration.claims.county import (
    DISTRICT,
    NOW,
    OUTSIDE,
    TOWNSHIP,
    Claims,
    merged,
    person,
    unmerged,
)
from tests.support.service import envelope, shuffled


def told(kind: type[Any], sequence: int, **changes: Any) -> Envelope[Any]:
    more: dict[str, Any] = {}
    if kind is ReferralMade:
        more["priority"] = "priority"
    if kind is ReferralClosed:
        more["outcome"] = "completed"
    return envelope(
        kind(
            **{
                "referral_id": "R1",
                "person_id": "p",
                "direction": "up",
                "from_facility": TOWNSHIP,
                "to_facility": DISTRICT,
                "team": TOWNSHIP,
                "reason": "treatment",
                "issued_on": date(2016, 2, 20),
                "valid_to": date(2016, 3, 20),
                **more,
                **changes,
            }
        ),
        sequence=sequence,
        at=NOW,
    )


async def hear(claims: Claims, *events: Envelope[Any]) -> None:
    for event in events:
        await claims.hand_over(event)


async def referral_of(claims: Claims, encounter: Any) -> tuple[bool, str | None]:
    seen = await claims.good("GET", f"/encounters/{encounter['encounter_id']}")
    return seen["referral"], seen["referral_issuer"]


@pytest.mark.parametrize("seed", range(3))
async def test_the_last_word_counts_in_whatever_order(claims: Claims, seed: int) -> None:
    """Goal: one end state. Method: the visit's person, merge and each referral's words, three
    times each, shuffled across keys, the visit opened in the middle."""
    words = shuffled(
        [
            told(ReferralMade, 1),
            told(ReferralAccepted, 2),
            told(ReferralReturned, 3),
            told(ReferralClosed, 4),
            told(ReferralMade, 5, referral_id="R2", from_facility=OUTSIDE),
            told(ReferralRefused, 6, referral_id="R2", from_facility=OUTSIDE),
            *(envelope(word, at=NOW) for word in (person(person_id="k"), person(person_id="p"))),
            envelope(merged("k", "p"), at=NOW),
        ],
        seed,
    )
    await hear(claims, *words[: len(words) // 2])
    encounter = await claims.opened(person_id="k", facility_code=DISTRICT)
    await hear(claims, *words[len(words) // 2 :])
    assert await referral_of(claims, encounter) == (True, TOWNSHIP)
    await claims.deliver(unmerged("k", "p"))
    assert await referral_of(claims, encounter) == (False, None)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([told(ReferralMade, 1)], True),
        ([told(ReferralMade, 1, valid_to=date(2016, 2, 29))], False),
        ([told(ReferralMade, 1, issued_on=date(2016, 3, 2))], False),
        ([told(ReferralMade, 1, issued_on=date(2016, 3, 1), valid_to=date(2016, 3, 1))], True),
        ([told(ReferralMade, 1, to_facility=OUTSIDE)], False),
        ([told(ReferralMade, 1, direction="down")], False),
        ([told(ReferralMade, 1, person_id="other")], False),
        ([told(ReferralMade, 1), told(ReferralRefused, 2)], False),
        ([told(ReferralMade, 1), told(ReferralClosed, 2, outcome="withdrawn")], False),
    ],
)
async def test_what_counts(claims: Claims, events: list[Any], expected: bool) -> None:
    """Goal: target, person, direction and validity, ends included. Method: one changed at a time;
    the visit begins on 1 March."""
    await claims.deliver(person(person_id="p"))
    await hear(claims, *events)
    encounter = await claims.opened(person_id="p", facility_code=DISTRICT)
    assert (await referral_of(claims, encounter))[0] is expected


async def test_the_discharge_keeps_the_hospital_s_own_word(claims: Claims) -> None:
    """Goal: a referral told before the discharge still falls when it is withdrawn, and the
    discharge is repeated without a difference. Method: made, discharged twice, withdrawn."""
    await claims.deliver(person(person_id="p"))
    await hear(claims, told(ReferralMade, 1))
    encounter = await claims.discharged(person_id="p", facility_code=DISTRICT)
    assert await referral_of(claims, encounter) == (True, TOWNSHIP)
    await hear(claims, told(ReferralClosed, 2, outcome="withdrawn"))
    assert await referral_of(claims, encounter) == (False, None)
