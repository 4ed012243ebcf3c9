"""From the window through a review, a merge or a card, and back to the window."""

from __future__ import annotations

import pytest

from services.identity.settings import IdentitySettings
from tests.integration.identity.desk import RIGHTS, decide, issue_card, merge, person_id
from tests.integration.identity.office import Office
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import Running

MARRIED = {"id_number": PATIENT.number, "name": "王小花"}


@pytest.fixture(autouse=True)
def settings(identity: Running) -> None:
    """One word decides; no probable is drawn by chance."""
    identity.context.state["identity.settings"] = IdentitySettings(
        double_review_share=0.0, probable_sample_share=0.0
    )


async def test_the_same_person_is_known_next_time(office: Office) -> None:
    """Goal: a review teaches. Method: another name, possible; same person; asked again."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    first = await office.recognise(MARRIED)
    assert (first["grade"], first["person_id"]) == ("possible", None)
    assert first["review_id"]
    said = await decide(office, first["review_id"], "same_person")
    assert said.json()["recognitions_revised"] == 1
    again = await office.recognise(MARRIED, visit_no="ZY-2")
    assert (again["person_id"], again["entitlements"]) == (whose, RIGHTS)
    assert again["grade"] in ("certain", "probable")
    assert again["review_id"] is None


async def test_a_different_person_is_not_asked_about_again(office: Office) -> None:
    """Goal: a dismissed pair stays dismissed. Method: possible; different; asked again."""
    await office.register(PATIENT, NEIGHBOUR)
    first = await office.recognise(MARRIED)
    await decide(office, first["review_id"], "different_person")
    again = await office.recognise(MARRIED, visit_no="ZY-2")
    assert (again["person_id"], again["review_id"]) == (None, None)
    assert again["entitlements"] == dict.fromkeys(RIGHTS, False)
    himself = await office.recognise(
        {"id_number": PATIENT.number, "name": PATIENT.name}, visit_no="ZY-3"
    )
    assert himself["grade"] == "certain"


async def test_a_merge_and_its_undoing_reach_the_window(office: Office) -> None:
    """Goal: no lag, no trace. Method: the absorbed one's number before, during and after."""
    await office.register(PATIENT, NEIGHBOUR.but(category="低保"))
    kept, other = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR)]
    his = {"id_number": NEIGHBOUR.number, "name": NEIGHBOUR.name}
    before = await office.recognise(his)
    merged = (await merge(office, kept, other)).json()
    during = await office.recognise(his, visit_no="ZY-2")
    await office.http.post(f"/identity/v1/merges/{merged['merge_id']}/undo")
    after = await office.recognise(his, visit_no="ZY-3")
    assert [each["person_id"] for each in (before, during, after)] == [other, kept, other]
    assert [sorted(c["code"] for c in each["categories"]) for each in (before, during, after)] == [
        ["subsistence"],
        ["registered_poor", "subsistence"],
        ["subsistence"],
    ]


@pytest.mark.parametrize("shown", ["qr", "card_no"])
async def test_a_card_alone_is_certain_until_it_is_revoked(office: Office, shown: str) -> None:
    """Goal: the card's promise. Method: code or number alone; revoked; beside another's sex."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    card = await issue_card(office, whose)
    alone = await office.recognise({"card_no": card[shown]})
    assert (alone["grade"], alone["person_id"]) == ("certain", whose)
    other_sex = await office.recognise({"card_no": card[shown], "sex": "F"}, visit_no="ZY-2")
    assert other_sex["grade"] != "certain"
    await office.http.post(
        "/identity/v1/cards/revoke", json={"card_id": card["card_id"], "reason": "遗失"}
    )
    refused = await office.ask({"card_no": card[shown]}, visit_no="ZY-3")
    assert (refused.status_code, refused.json()["code"]) == (422, "credentials_insufficient")
    assert refused.json()["errors"][0]["code"] == "card_revoked"
