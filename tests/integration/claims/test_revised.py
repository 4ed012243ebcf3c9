"""Identity knows better: what becomes of the visit."""

from __future__ import annotations

from typing import Any

import pytest

from shared.clock import FixedClock
from shared.events.catalog import (
    CategoryPeriod,
    EncounterDischarged,
    EncounterOpened,
    PersonEntered,
    RecognitionRevised,
)
from tests.integration.claims.county import (
    BILL_A,
    DISTRICT,
    POOR,
    Claims,
    merged,
    person,
    recognition,
    revision,
    unmerged,
)
from tests.support.service import envelope, shuffled

REGISTRATION = {
    "facility_code": DISTRICT,
    "visit_no": "ZY1",
    "type": "inpatient",
    "admitted_at": "2016-03-01T09:00:00+08:00",
}


def revised(
    to_grade: str = "certain",
    to_person_id: str | None = "p-2",
    categories: tuple[CategoryPeriod, ...] = (POOR,),
) -> RecognitionRevised:
    return revision("ZY1", "r-1", to_person_id, to_grade=to_grade, categories=categories)


async def settled_visit(claims: Claims, visit_no: str, recognition_id: str, who: str) -> Any:
    """A recognised patient's visit with its bill, settled."""
    await claims.deliver(recognition(visit_no, recognition_id=recognition_id, person_id=who))
    encounter = await claims.discharged(visit_no=visit_no)
    return await claims.settled(encounter["encounter_id"])


async def only(claims: Claims) -> dict[str, Any]:
    (encounter,) = (await claims.good("GET", "/encounters"))["items"]
    return dict(encounter)


async def test_a_review_that_names_the_patient_opens_the_case(claims: Claims) -> None:
    """Goal: a doubtful patient is not lost. Method: possible opens nothing; the review does, and
    thrice is as good as once."""
    await claims.deliver(recognition("ZY1", recognition_id="r-1", grade="possible", person_id=None))
    for _ in range(3):
        await claims.deliver(revised(), sequence=2)
    encounter = await only(claims)
    assert (encounter["person_id"], encounter["treat_first_pay_later"]) == ("p-2", True)


async def test_an_open_visit_gets_another_patient_or_none(claims: Claims) -> None:
    """Goal: what identity takes back counts no longer. Method: another person, then nobody; the
    hospital's own word counts then."""
    await claims.good("POST", "/encounters", REGISTRATION)
    await claims.deliver(recognition("ZY1", recognition_id="r-1"))
    assert (await only(claims))["person_id"] == "p-1"
    await claims.deliver(revised(), sequence=2)
    assert (await only(claims))["person_id"] == "p-2"
    await claims.deliver(revised("none", None, ()), sequence=3)
    left = await only(claims)
    assert (left["person_id"], left["treat_first_pay_later"]) == (None, False)


async def test_the_hospitals_own_person_counts_when_the_recognition_is_taken_back(
    claims: Claims,
) -> None:
    """Goal: a registered poor patient keeps his rights. Method: the hospital named him itself."""
    await claims.deliver(person())
    await claims.good("POST", "/encounters", REGISTRATION | {"person_id": "p-1"})
    await claims.deliver(recognition("ZY1", recognition_id="r-1"))
    await claims.deliver(revised("possible", None, ()), sequence=2)
    left = await only(claims)
    assert (left["person_id"], left["treat_first_pay_later"]) == ("p-1", True)


async def test_a_settled_visit_is_marked_and_stays(claims: Claims) -> None:
    """Goal: money is not moved by an event. Method: settle, then revise the categories away; the
    same revision again, and one that says what stands, mark nothing new."""
    await claims.deliver(recognition("ZY1", recognition_id="r-1"))
    encounter_id = str((await only(claims))["encounter_id"])
    path = f"/encounters/{encounter_id}"
    await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": BILL_A})
    home = {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]}
    await claims.good("POST", f"{path}/discharge", home)
    settled = await claims.settled(encounter_id)
    await claims.deliver(revised("certain", "p-1", (POOR,)), sequence=2)
    assert (await only(claims))["recognition_pending"] is False
    await claims.deliver(revised("certain", "p-1", ()), sequence=3)
    marked = await only(claims)
    assert (marked["status"], marked["recognition_pending"]) == ("settled", True)
    again = await claims.good("GET", f"/settlements/{settled['settlement_id']}")
    assert again["patient_pays"] == settled["patient_pays"]


async def test_an_older_word_delivered_again_brings_nothing_back(claims: Claims) -> None:
    """Goal: the newest word of a recognition counts. Method: three words, each followed by every
    older one again; withdrawn, then named once more."""
    words = [
        recognition("ZY1", recognition_id="r-1", person_id="p-1"),
        revised("certain", "p-2"),
        revised("none", None, ()),
        revised("probable", "p-3"),
    ]
    seen = []
    for newest in range(1, len(words) + 1):
        for sequence in (newest, *range(1, newest + 1)):
            await claims.deliver(words[sequence - 1], sequence=sequence)
        encounter = await only(claims)
        seen.append((encounter["person_id"], encounter["recognition_grade"]))
    assert seen == [("p-1", "certain"), ("p-2", "certain"), (None, None), ("p-3", "probable")]
    assert [type(told) for told in await claims.events()] == [EncounterOpened]


async def test_another_recognition_of_the_visit_takes_the_place_of_one_withdrawn(
    claims: Claims,
) -> None:
    """Goal: withdrawing one word leaves the others. Method: a certain and a probable one differ;
    the certain one is taken back, and with it the conflict."""
    await claims.deliver(recognition("ZY1", recognition_id="r-1", person_id="p-1"))
    await claims.deliver(
        recognition("ZY1", recognition_id="r-2", person_id="p-2", grade="probable")
    )
    before = await only(claims)
    assert (before["person_id"], before["recognition_conflict"]) == ("p-1", True)
    await claims.deliver(revised("possible", None, ()), sequence=2)
    after = await only(claims)
    assert (after["person_id"], after["recognition_id"]) == ("p-2", "r-2")
    assert after["recognition_conflict"] is False


async def test_a_discharge_is_told_again_for_whom_it_was(claims: Claims) -> None:
    """Goal: the right family doctor learns of it, the wrong one too. Method: after the discharge
    the patient is another one, then nobody; thrice each."""
    await claims.deliver(recognition("ZY1", recognition_id="r-1"))
    await claims.discharged(visit_no="ZY1")
    for _ in range(3):
        await claims.deliver(revised("certain", "p-2"), sequence=2)
    for _ in range(3):
        await claims.deliver(revised("none", None, ()), sequence=3)
    told = [event for event in await claims.events() if isinstance(event, EncounterDischarged)]
    assert [event.person_id for event in told] == ["p-1", "p-2", None]
    (row,) = await claims.rows(
        "SELECT count(DISTINCT aggregate_version) AS n FROM outbox WHERE type LIKE '%discharged%'"
    )
    assert row["n"] == 3


@pytest.mark.parametrize("withdrawn_first", [True, False])
async def test_registering_and_withdrawing_meet_in_either_order(
    claims: Claims, *, withdrawn_first: bool
) -> None:
    """Goal: the hospital's word counts once identity's is gone. Method: a recognition opened the
    case; the hospital names its patient after the withdrawal, or leaves him out before it."""
    await claims.deliver(person(person_id="p-9"))
    await claims.deliver(recognition("ZY1", recognition_id="r-1", person_id="p-9"))
    registration = REGISTRATION | {"person_id": "p-9"}
    if withdrawn_first:
        await claims.deliver(revised("none", None, ()), sequence=2)
        assert (await only(claims))["person_id"] is None
        await claims.good("POST", "/encounters", registration)
    else:
        await claims.good("POST", "/encounters", registration)
        await claims.deliver(revised("none", None, ()), sequence=2)
    left = await only(claims)
    assert (left["person_id"], left["recognition_id"]) == ("p-9", None)
    assert left["treat_first_pay_later"] is True
    assert left["admitted_at"] == "2016-03-01T09:00:00+08:00"


async def test_what_waits_for_a_new_settlement_can_be_listed(claims: Claims) -> None:
    """Goal: the insurer's list of bills to settle anew. Method: four settled visits: other
    categories, another person, a better grade of the same, nothing; a merge with the other person
    takes that one off the list, its undoing puts it back."""
    for number in range(1, 5):
        await settled_visit(claims, f"V{number}", f"q-{number}", f"p-{number}")
    await claims.deliver(revision("V1", "q-1", "p-1", categories=()), sequence=2)
    await claims.deliver(revision("V2", "q-2", "p-8"), sequence=2)
    await claims.deliver(revision("V3", "q-3", "p-3", to_grade="probable"), sequence=2)

    async def listed(*, pending: bool) -> list[str]:
        items = (await claims.good("GET", "/encounters", recognition_pending=pending))["items"]
        assert all(item["recognition_pending"] is pending for item in items)
        return [item["visit_no"] for item in items]

    assert await listed(pending=True) == ["V1", "V2"]
    assert await listed(pending=False) == ["V3", "V4"]
    await claims.deliver(merged("p-8", "p-2"))
    assert await listed(pending=True) == ["V1"]
    await claims.deliver(unmerged("p-8", "p-2"))
    assert await listed(pending=True) == ["V1", "V2"]
    await claims.deliver(revision("V1", "q-1", "p-1"), sequence=3)
    assert await listed(pending=True) == ["V2"]


async def test_a_withdrawn_patients_bill_is_settled_anew_as_a_strangers(claims: Claims) -> None:
    """Goal: public money paid on a wrong recognition comes back. Method: settle, withdraw, reverse,
    settle; the year of the wrong person is as if he had never been here."""
    first = await settled_visit(claims, "ZY1", "r-1", "p-1")
    assert first["patient_pays"] == "991.27"
    await claims.deliver(revised("none", None, ()), sequence=2)
    waiting = await only(claims)
    assert (waiting["person_id"], waiting["recognition_pending"]) == ("p-1", True)
    await claims.good("POST", f"/settlements/{first['settlement_id']}/reverse", {"reason": "x"})
    reopened = await only(claims)
    assert (reopened["person_id"], reopened["recognition_pending"]) == (None, False)
    second = await claims.settled(str(reopened["encounter_id"]))
    assert (second["person_id"], second["patient_pays"]) == (None, "1655.10")
    (row,) = await claims.rows("SELECT sum(basic_paid_fen) AS paid FROM standings")
    assert row["paid"] == 0


async def test_any_order_across_topics_ends_alike(claims: Claims, clock: FixedClock) -> None:
    """Goal: late, repeated, shuffled: one end state. Method: two recognitions of each of two
    visits, revised to another, to none and back, beside the persons; each event three times."""
    at = clock.now()
    seen = []
    for seed in range(5):
        s = f"-{seed}"
        events = [
            envelope(person(PersonEntered, person_id=f"p1{s}"), at=at),
            envelope(person(PersonEntered, person_id=f"p2{s}", village="解放村"), at=at),
            envelope(recognition(f"A{s}", recognition_id=f"r1{s}", person_id=f"p1{s}"), at=at),
            envelope(revision(f"A{s}", f"r1{s}", f"p2{s}"), sequence=2, at=at),
            envelope(revision(f"A{s}", f"r1{s}", None, to_grade="none"), sequence=3, at=at),
            envelope(
                recognition(f"A{s}", recognition_id=f"r2{s}", person_id=f"p1{s}", grade="probable"),
                at=at,
            ),
            envelope(
                recognition(f"B{s}", recognition_id=f"r3{s}", person_id=None, grade="none"), at=at
            ),
            envelope(revision(f"B{s}", f"r3{s}", f"p1{s}"), sequence=2, at=at),
            envelope(revision(f"B{s}", f"r3{s}", None, to_grade="possible"), sequence=3, at=at),
            envelope(revision(f"B{s}", f"r3{s}", f"p2{s}", categories=()), sequence=4, at=at),
        ]
        for event in shuffled(events, seed):
            await claims.hand_over(event)
        listed = (await claims.good("GET", "/encounters", limit=100))["items"]
        unlike = {"encounter_id", "visit_no", "person_id", "recognition_id"}
        seen.append(
            [
                {name: value for name, value in each.items() if name not in unlike}
                | {name: each[name].split("-")[0] for name in ("person_id", "recognition_id")}
                for each in sorted(listed, key=lambda each: str(each["visit_no"]))
                if each["visit_no"].endswith(s)
            ]
        )
    assert all(each == seen[0] for each in seen)
    assert [(each["person_id"], each["recognition_grade"]) for each in seen[0]] == [
        ("p1", "probable"),
        ("p2", "certain"),
    ]
