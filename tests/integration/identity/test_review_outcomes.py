"""What becomes of a review that is decided: the same person, or a different one."""

from __future__ import annotations

from uuid import UUID, uuid4

from services.identity.reviews import service as reviews
from tests.integration.identity.desk import (
    RIGHTS,
    decide,
    doubt,
    merge,
    person_id,
)
from tests.integration.identity.office import Office
from tests.integration.identity.test_reviews import WRONG_NAME, listed
from tests.support.people import NEIGHBOUR, PATIENT


class TestSamePerson:
    async def test_the_recognition_is_told_anew(self, office: Office, patient: str) -> None:
        """Goal: benefits follow a person's word. Method: possible, same person, event and row."""
        recognition, review = await doubt(office, WRONG_NAME, [patient])
        said = await decide(office, review, "same_person", person_id=patient, note="电话核实")
        assert said.status_code == 200, said.text
        assert said.json() == {
            "review_id": review,
            "status": "decided",
            "outcome": "same_person",
            "person_id": patient,
            "aliases_added": 1,
            "recognitions_revised": 1,
        }
        (event,) = await office.events("recognition.revised.v1")
        told = event["payload"]
        assert (told["from_grade"], told["to_grade"], told["reason"]) == (
            "possible",
            "certain",
            "review",
        )
        assert (told["to_person_id"], told["from_person_id"]) == (patient, None)
        assert [c["code"] for c in told["categories"]] == ["registered_poor"]
        assert (told["entitlements"], told["village"]) == (RIGHTS, PATIENT.village)
        assert event["aggregate_version"] == 2
        (kept,) = await office.service.rows("SELECT * FROM recognition_revisions")
        assert str(kept["recognition_id"]) == recognition["recognition_id"]
        assert (kept["number"], kept["to_grade"], str(kept["to_person_id"])) == (
            2,
            "certain",
            patient,
        )
        (first,) = await office.service.rows("SELECT grade, person_id FROM recognitions")
        assert (first["grade"], first["person_id"]) == ("possible", None)

    async def test_the_name_becomes_an_alias(self, office: Office, patient: str) -> None:
        """Goal: the register learns the writing. Method: alias, stamp, search; nothing in clear."""
        _, review = await doubt(office, WRONG_NAME, [patient])
        await decide(office, review, "same_person")
        context = office.service.context
        async with context.db.reading() as session:
            known = await reviews.aliases(session, context, [UUID(patient)])
        assert known == {UUID(patient): (reviews.Alias("name", "测试佳"),)}
        assert "测试佳" not in repr(known)
        (register,) = await office.service.rows("SELECT revision FROM registers")
        stamped = await office.service.rows(
            "SELECT person_id FROM persons WHERE revision = :now", now=register["revision"]
        )
        assert [str(row["person_id"]) for row in stamped] == [patient]
        found = await office.http.post("/identity/v1/persons/search", json={"name": "测试佳"})
        assert [item["person_id"] for item in found.json()["items"]] == [patient]

    async def test_a_number_of_somebody_else_is_no_alias(
        self, office: Office, patient: str
    ) -> None:
        """Goal: a borrowed number never becomes the borrower's. Method: the neighbour's number."""
        credentials = {
            "id_number": NEIGHBOUR.number,
            "name": PATIENT.name,
            "birth_date": PATIENT.birth.isoformat(),
        }
        _, review = await doubt(office, credentials, [patient])
        said = (await decide(office, review, "same_person")).json()
        assert (said["status"], said["aliases_added"]) == ("decided", 0)

    async def test_a_mistyped_number_is_an_alias(self, office: Office, patient: str) -> None:
        """Goal: a hospital's stored typing error is known next time."""
        wrong = PATIENT.number[:-1] + ("0" if PATIENT.number[-1] != "0" else "1")
        credentials = {
            "id_number": wrong,
            "name": PATIENT.name,
            "birth_date": PATIENT.birth.isoformat(),
        }
        _, review = await doubt(office, credentials, [patient])
        await decide(office, review, "same_person")
        context = office.service.context
        async with context.db.reading() as session:
            known = await reviews.aliases(session, context, [UUID(patient)])
        assert known == {UUID(patient): (reviews.Alias("id_number", wrong),)}

    async def test_a_newborns_stand_in_name_is_no_alias(self, office: Office, patient: str) -> None:
        """Goal: 某某之子 is nobody's other name."""
        credentials = {"name": "测试甲之子", "birth_date": PATIENT.birth.isoformat()}
        _, review = await doubt(office, credentials, [patient])
        assert (await decide(office, review, "same_person")).json()["aliases_added"] == 0

    async def test_who_was_found_once(self, office: Office, patient: str) -> None:
        """Goal: a confirmed pair is not drawn again as a probable, and never lost as a possible."""
        _, review = await doubt(office, WRONG_NAME, [patient])
        await decide(office, review, "same_person")
        _, probable = await doubt(
            office, WRONG_NAME, [patient], grade="probable", whose=patient, visit_no="ZY-2"
        )
        _, possible = await doubt(office, WRONG_NAME, [patient], visit_no="ZY-3")
        assert probable is None
        assert possible is not None

    async def test_several_candidates_must_be_told_apart(
        self, office: Office, patient: str
    ) -> None:
        """Goal: no guess. Method: two candidates; no name, a stranger, then the one; the other is
        dismissed by it."""
        other = await person_id(office, NEIGHBOUR)
        _, review = await doubt(office, WRONG_NAME, [patient, other])
        none = await decide(office, review, "same_person")
        assert (none.status_code, none.json()["code"]) == (422, "person_missing")
        stranger = await decide(office, review, "same_person", person_id=str(uuid4()))
        assert (stranger.status_code, stranger.json()["code"]) == (422, "person_not_proposed")
        one = await decide(office, review, "different_person", person_id=other)
        assert (one.status_code, one.json()["code"]) == (422, "judge_them_all")
        assert (await decide(office, review, "same_person", person_id=patient)).status_code == 200
        context = office.service.context
        question = reviews.credentials_fingerprint(context, WRONG_NAME)
        async with context.db.reading() as session:
            said = await reviews.judged(session, context, question, [UUID(patient), UUID(other)])
        assert said == reviews.Judged(frozenset({UUID(patient)}), frozenset({UUID(other)}))

    async def test_all_visits_that_asked_the_same_follow(
        self, office: Office, patient: str
    ) -> None:
        """Goal: one question is asked once, its answer reaches every visit that waits."""
        _, review = await doubt(office, WRONG_NAME, [patient])
        _, joined = await doubt(
            office, WRONG_NAME | {"phone": "19900000000"}, [patient], visit_no="ZY-2"
        )
        assert joined == review
        (shown,) = await listed(office)
        assert shown["asked"]["visits"] == 2
        said = (await decide(office, review, "same_person")).json()
        assert said["recognitions_revised"] == 2
        told = {e["payload"]["visit_no"] for e in await office.events("recognition.revised.v1")}
        assert told == {"ZY-1", "ZY-2"}


class TestDifferentPerson:
    async def test_the_pair_is_never_asked_again(self, office: Office, patient: str) -> None:
        """Goal: no question twice. Method: dismiss; the same credentials otherwise typed; another
        question about the same person is asked all the same."""
        _, review = await doubt(office, WRONG_NAME, [patient])
        said = (await decide(office, review, "different_person", note="父子")).json()
        assert (said["status"], said["outcome"], said["person_id"]) == (
            "decided",
            "different_person",
            None,
        )
        spaced = f"{PATIENT.number[:6]} {PATIENT.number[6:]}".lower()
        _, again = await doubt(
            office, {"id_number": spaced, "name": "测 试佳"}, [patient], visit_no="ZY-2"
        )
        assert again is None
        assert await listed(office) == []
        context = office.service.context
        question = reviews.credentials_fingerprint(context, WRONG_NAME)
        async with context.db.reading() as session:
            gone = await reviews.dismissed(session, context, question, [UUID(patient)])
        assert gone == {UUID(patient)}
        _, another = await doubt(
            office, WRONG_NAME | {"name": "测试嘉"}, [patient], visit_no="ZY-3"
        )
        assert another is not None

    async def test_a_probable_that_was_wrong_is_taken_back(
        self, office: Office, patient: str
    ) -> None:
        """Goal: money does not stay with a stranger. Method: a probable, a different person."""
        credentials = {"name": PATIENT.name, "birth_date": PATIENT.birth.isoformat()}
        _, review = await doubt(office, credentials, [patient], grade="probable", whose=patient)
        await decide(office, review, "different_person")
        (event,) = await office.events("recognition.revised.v1")
        told = event["payload"]
        assert (told["from_person_id"], told["to_person_id"]) == (patient, None)
        assert (told["from_grade"], told["to_grade"], told["categories"]) == (
            "probable",
            "none",
            [],
        )
        assert told["entitlements"] == dict.fromkeys(RIGHTS, False)

    async def test_a_word_on_one_merged_counts_for_both(self, office: Office, patient: str) -> None:
        """Goal: a dismissed person stays dismissed as part of another; unmerged, he alone is."""
        other = await person_id(office, NEIGHBOUR)
        _, review = await doubt(office, WRONG_NAME, [other])
        await decide(office, review, "different_person")
        context = office.service.context
        question = reviews.credentials_fingerprint(context, WRONG_NAME)

        async def gone() -> set[UUID]:
            async with context.db.reading() as session:
                return await reviews.dismissed(
                    session, context, question, [UUID(patient), UUID(other)]
                )

        assert await gone() == {UUID(other)}
        merged = (await merge(office, patient, other)).json()
        assert await gone() == {UUID(patient), UUID(other)}
        await office.http.post(f"/identity/v1/merges/{merged['merge_id']}/undo")
        assert await gone() == {UUID(other)}
