"""Identity knows better: what becomes of the visit."""

from __future__ import annotations

from typing import Any

from shared.events.catalog import CategoryPeriod, Entitlements, RecognitionRevised
from tests.integration.claims.county import BILL_A, DISTRICT, POOR, Claims, person, recognition

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
    entitled = bool(categories)
    return RecognitionRevised.model_validate(
        {
            "recognition_id": "r-1",
            "reason": "review",
            "from_grade": "possible",
            "to_grade": to_grade,
            "to_person_id": to_person_id,
            "categories": categories,
            "entitlements": Entitlements(
                treat_first_pay_later=entitled, one_stop_settlement=entitled, fee_waivers=entitled
            ),
            "facility_code": DISTRICT,
            "visit_no": "ZY1",
            "visit_type": "inpatient",
            "occurred_at": "2016-03-01T08:30:00+08:00",
            "recorded_at": "2016-03-05T08:30:00+08:00",
            "township": "永和镇",
            "village": "坪上村",
        }
    )


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
