"""Persons over HTTP: searched, read, revealed; masked, logged, a township's own."""

from __future__ import annotations

from uuid import UUID

from tests.integration.identity.office import Office
from tests.integration.identity.test_recognition_api import BY_NAME
from tests.support.people import NEIGHBOUR, PATIENT


class TestPersons:
    async def test_search_is_masked_and_audited(self, office: Office) -> None:
        """Goal: found by number and by name, masked. Method: three searches, the audit log."""
        await office.register(PATIENT, NEIGHBOUR)
        for body in ({"id_number": PATIENT.number}, BY_NAME, {"name": PATIENT.name}):
            answer = await office.http.post("/identity/v1/persons/search", json=body)
            (item,) = answer.json()["items"]
            assert (item["masked_name"], item["village"]) == ("测*甲", PATIENT.village)
            assert [c["code"] for c in item["categories"]] == ["registered_poor"]
            assert PATIENT.name not in answer.text
        nothing = await office.http.post("/identity/v1/persons/search", json={})
        assert nothing.status_code == 422
        rows = await office.service.rows("SELECT * FROM audit_log WHERE action = 'person.searched'")
        assert len(rows) == 3

    async def test_a_township_sees_its_own_people(self, office: Office) -> None:
        """Goal: organisations are kept apart. Method: two townships look for one person."""
        await office.register(PATIENT)
        person = (await office.recognise({"id_number": PATIENT.number}))["person_id"]
        for township, seen in ((PATIENT.township, True), ("别镇", False)):
            async with office.service.client(f"township:{township}") as http:
                found = await http.post("/identity/v1/persons/search", json=BY_NAME)
                read = await http.get(f"/identity/v1/persons/{person}")
                shown = await http.post(
                    f"/identity/v1/persons/{person}/reveal", json={"reason": "入户随访核对"}
                )
                named = await http.post(
                    "/identity/v1/persons/names", json={"person_ids": [person, str(UUID(int=7))]}
                )
            assert bool(found.json()["items"]) is seen
            expected = [{"person_id": person, "masked_name": "测*甲"}] if seen else []
            assert named.json()["items"] == expected
            assert (read.status_code == 200) is seen
            assert (shown.status_code == 200) is seen
        names = await office.service.rows("SELECT * FROM audit_log WHERE action = 'person.named'")
        assert [row["detail"]["found"] for row in names] == [[person], []]

    async def test_read_is_masked_and_reveal_is_kept_with_its_reason(self, office: Office) -> None:
        """Goal: two calls, the second logged. Method: read, reveal, look at the audit log."""
        await office.register(PATIENT)
        person = (await office.recognise({"id_number": PATIENT.number}))["person_id"]
        read = await office.http.get(f"/identity/v1/persons/{person}")
        body = read.json()
        assert body["masked_id_number"] == PATIENT.number[:4] + "*" * 10 + PATIENT.number[-4:]
        assert (body["sex"], body["birth_year"]) == ("M", 1962)
        for value in (PATIENT.name, PATIENT.number, PATIENT.phone):
            assert value not in read.text
        address = f"/identity/v1/persons/{person}/reveal"
        blank = await office.http.post(address, json={"reason": "      "})
        assert (blank.status_code, blank.json()["code"]) == (422, "reason_missing")
        shown = (await office.http.post(address, json={"reason": "核对身份证原件"})).json()
        assert (shown["id_number"], shown["household_no"]) == (PATIENT.number, PATIENT.household)
        (audited,) = await office.service.rows(
            "SELECT * FROM audit_log WHERE action = 'person.revealed'"
        )
        assert audited["detail"] == {"reveal_id": shown["reveal_id"]}

    async def test_a_person_who_is_not_there(self, office: Office) -> None:
        """Goal: 404 by name. Method: a random id."""
        answer = await office.http.get("/identity/v1/persons/019a0000-0000-7000-8000-000000000003")
        assert (answer.status_code, answer.json()["code"]) == (404, "person_unknown")
