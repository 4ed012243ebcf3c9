"""Identity's events in any order, late, and more than once."""

import itertools

import pytest

from shared.events.catalog import (
    CategoryPeriod,
    EncounterDischarged,
    EncounterOpened,
    PersonChanged,
    PersonEntered,
    PersonLeft,
)
from tests.integration.claims.county import BILL_A, DISTRICT, POOR, Claims, person, recognition

REGISTRATION = {
    "facility_code": DISTRICT,
    "visit_no": "ZY1",
    "type": "inpatient",
    "admitted_at": "2016-03-01T09:00:00+08:00",
}


async def only_encounter(claims: Claims) -> dict[str, object]:
    (encounter,) = (await claims.good("GET", "/encounters"))["items"]
    return dict(encounter)


async def test_a_recognition_delivered_three_times_opens_one_encounter(claims: Claims) -> None:
    """Goal: duplicates are harmless. Method: the same event thrice."""
    event = recognition("ZY1")
    for _ in range(3):
        await claims.deliver(event)
    encounter = await only_encounter(claims)
    assert encounter["person_id"] == "p-1"
    assert [type(told) for told in await claims.events()] == [EncounterOpened]


@pytest.mark.parametrize("grade", ["possible", "none"])
async def test_a_doubtful_recognition_opens_nothing(claims: Claims, grade: str) -> None:
    """Goal: only certain and probable open a case. Method: deliver the other two grades."""
    await claims.deliver(recognition("ZY1", grade=grade, person_id=None, categories=()))
    assert (await claims.good("GET", "/encounters"))["items"] == []


async def test_registration_and_recognition_meet_in_either_order(claims: Claims) -> None:
    """Goal: one end state. Method: hospital first, then event; event first, then hospital."""
    seen = []
    for visit_no, hospital_first in (("A", True), ("B", False)):
        registration = REGISTRATION | {"visit_no": visit_no}
        event = recognition(visit_no, recognition_id=f"r-{visit_no}")
        if hospital_first:
            await claims.good("POST", "/encounters", registration)
            await claims.deliver(event)
        else:
            await claims.deliver(event)
            await claims.good("POST", "/encounters", registration)
        (found,) = (await claims.good("GET", "/encounters", visit_no=visit_no))["items"]
        seen.append(
            {
                name: value
                for name, value in found.items()
                if name not in {"encounter_id", "visit_no", "recognition_id"}
            }
        )
    assert seen[0] == seen[1]
    assert seen[0]["admitted_at"] == "2016-03-01T09:00:00+08:00"
    assert seen[0]["person_id"] == "p-1"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_competing_recognitions_end_alike_in_any_order(
    claims: Claims, order: tuple[int, ...]
) -> None:
    """Goal: the earliest certain one counts and the conflict shows. Method: every order of three."""
    events = [
        recognition(
            "ZY1",
            person_id="p-2",
            grade="probable",
            recognition_id="r-0",
            occurred_at="2016-03-01T08:00:00+08:00",
        ),
        recognition(
            "ZY1",
            person_id="p-1",
            grade="certain",
            recognition_id="r-1",
            occurred_at="2016-03-01T08:30:00+08:00",
        ),
        recognition(
            "ZY1",
            person_id="p-3",
            grade="certain",
            recognition_id="r-2",
            occurred_at="2016-03-01T09:30:00+08:00",
        ),
    ]
    for number in order:
        await claims.deliver(events[number])
    encounter = await only_encounter(claims)
    assert encounter["person_id"] == "p-1"
    assert encounter["recognition_id"] == "r-1"
    assert encounter["recognition_conflict"] is True
    assert encounter["admitted_at"] == "2016-03-01T08:30:00+08:00"


async def test_the_hospital_cannot_overrule_a_recognition(claims: Claims) -> None:
    """Goal: identity decides who it is. Method: register the visit for somebody else."""
    await claims.deliver(recognition("ZY1"))
    refused = await claims.call("POST", "/encounters", REGISTRATION | {"person_id": "p-9"})
    assert (refused.status_code, refused.json()["code"]) == (409, "person_differs")


async def test_a_recognition_after_the_discharge_is_told(claims: Claims) -> None:
    """Goal: the family doctor learns of him. Method: recognise an unknown patient after he left."""
    encounter = await claims.discharged(visit_no="ZY1")
    await claims.deliver(recognition("ZY1"))
    told = [e for e in await claims.events() if isinstance(e, EncounterDischarged)]
    assert [event.person_id for event in told] == [None, "p-1"]
    settlement = await claims.settled(encounter["encounter_id"])
    assert settlement["patient_pays"] == "991.27"


async def test_a_recognition_after_the_settlement_waits_for_the_reversal(claims: Claims) -> None:
    """Goal: a settled bill stays as it is; the resettled one is the poor person's.

    Method: settle an unknown patient, recognise him, reverse, settle again.
    """
    encounter = await claims.discharged(visit_no="ZY1")
    first = await claims.settled(encounter["encounter_id"])
    assert first["patient_pays"] == "1655.10"
    await claims.deliver(recognition("ZY1"))
    path = f"/encounters/{encounter['encounter_id']}"
    waiting = await claims.good("GET", path)
    assert (waiting["person_id"], waiting["recognition_pending"]) == (None, True)
    await claims.good(
        "POST", f"/settlements/{first['settlement_id']}/reverse", {"reason": "recognised late"}
    )
    reopened = await claims.good("GET", path)
    assert (reopened["person_id"], reopened["recognition_pending"]) == ("p-1", False)
    second = await claims.settled(encounter["encounter_id"])
    assert second["patient_pays"] == "991.27"
    assert second["supersedes"] == first["settlement_id"]


async def test_members_end_alike_in_any_order(claims: Claims) -> None:
    """Goal: the word recorded last counts. Method: three words in each order, each twice."""
    ended = CategoryPeriod(
        code="registered_poor", valid_from=POOR.valid_from, valid_to=POOR.valid_from
    )
    for number, order in enumerate(itertools.permutations(range(3))):
        who = f"p-{number}"
        words = [
            person(PersonEntered, person_id=who, recorded_at="2016-01-05T09:00:00+08:00"),
            person(
                PersonChanged,
                person_id=who,
                village="解放村",
                recorded_at="2016-02-05T09:00:00+08:00",
            ),
            person(
                PersonLeft,
                person_id=who,
                village="解放村",
                categories=(ended,),
                recorded_at="2016-02-05T09:00:00+08:00",
            ),
        ]
        for index in (*order, *order):
            await claims.deliver(words[index], sequence=index + 1)
    rows = await claims.rows("SELECT DISTINCT village, categories, sequence FROM members")
    assert [dict(row) for row in rows] == [
        {
            "village": "解放村",
            "categories": [
                {"code": "registered_poor", "valid_from": "2014-01-01", "valid_to": "2014-01-01"}
            ],
            "sequence": 3,
        }
    ]


@pytest.mark.parametrize("registry_first", [True, False])
async def test_a_person_named_by_the_hospital_has_the_registrys_categories(
    claims: Claims, registry_first: bool
) -> None:
    """Goal: a visit opened by POST is settled as the registry says, whichever came first.

    Method: the person's event before the visit, and after its discharge.
    """
    if registry_first:
        await claims.deliver(person())
    encounter = await claims.discharged(person_id="p-1")
    assert encounter["treat_first_pay_later"] is registry_first
    if not registry_first:
        await claims.deliver(person())
    seen = await claims.good("GET", f"/encounters/{encounter['encounter_id']}")
    assert seen["treat_first_pay_later"] is True
    settlement = await claims.settled(encounter["encounter_id"])
    assert (settlement["category"], settlement["patient_pays"]) == ("registered_poor", "991.27")


async def test_categories_are_those_of_the_visits_date(claims: Claims) -> None:
    """Goal: who left the registry before the admission is an ordinary resident.

    Method: a period that ends the day before, and one that ends on the day.
    """
    for who, last_day, category in (
        ("p-1", "2016-02-29", None),
        ("p-2", "2016-03-01", "registered_poor"),
    ):
        period = CategoryPeriod.model_validate(
            {"code": "registered_poor", "valid_from": "2014-01-01", "valid_to": last_day}
        )
        await claims.deliver(person(person_id=who, categories=(period,)))
        encounter = await claims.discharged(BILL_A, person_id=who)
        assert (await claims.settled(encounter["encounter_id"]))["category"] == category
