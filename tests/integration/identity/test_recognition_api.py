"""Recognitions over HTTP on a real database."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.identity.matching.model import AGREED_WEIGHTS
from services.identity.persons.register import lock_register, stamp
from services.identity.recognition.schemas import RecognitionRequest
from services.identity.revisions.repository import RevisionRepository
from shared.clock import FixedClock
from tests.integration.identity.desk import person_id
from tests.integration.identity.office import HOSPITAL, Office
from tests.support.people import NEIGHBOUR, PATIENT, RosterPerson, id_number

FIFTEEN = PATIENT.number[:6] + PATIENT.number[8:17]
FULL_WIDTH = PATIENT.number.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
SPACED = f" {PATIENT.number[:6]} {PATIENT.number[6:14]} {PATIENT.number[14:]} "
RIGHTS = {"treat_first_pay_later": True, "one_stop_settlement": True, "fee_waivers": True}
NO_RIGHTS = dict.fromkeys(RIGHTS, False)
ADDRESS = "四川省乐山市金口河区金河镇测试村3组"
BY_NAME = {"name": PATIENT.name, "birth_date": PATIENT.birth.isoformat()}


class TestByNumber:
    @pytest.mark.parametrize("number", [PATIENT.number, FIFTEEN, FULL_WIDTH, SPACED])
    async def test_a_number_in_any_form_is_certain(self, office: Office, number: str) -> None:
        """Goal: grade, categories, rights and evidence. Method: one person, four spellings."""
        await office.register(PATIENT, NEIGHBOUR)
        found = await office.recognise({"id_number": number, "name": PATIENT.name})
        assert found["grade"] == "certain"
        assert found["masked_name"] == "测*甲"
        assert found["categories"] == [
            {"code": "registered_poor", "name_zh": "建档立卡", "valid_from": "2015-01-01"}
        ]
        assert found["entitlements"] == RIGHTS
        assert [(e["field"], e["level"]) for e in found["evidence"]] == [
            ("id_number", "exact"),
            ("name", "exact"),
        ]
        assert found["score"] == sum(e["weight"] for e in found["evidence"])
        assert found["review_id"] is None

    async def test_a_lower_case_x(self, office: Office) -> None:
        """Goal: x equals X. Method: a person whose check character is X."""
        sequence = next(n for n in range(1, 99, 2) if id_number(PATIENT.birth, n).endswith("X"))
        person = PATIENT.but(sequence=sequence)
        await office.register(person)
        found = await office.recognise({"id_number": person.number.lower()})
        assert found["grade"] == "certain"

    async def test_another_name_is_possible_and_gives_nothing(self, office: Office) -> None:
        """Goal: a relative's number pays nothing. Method: right number, another name."""
        await office.register(PATIENT)
        found = await office.recognise({"id_number": PATIENT.number, "name": "王某"})
        assert (found["grade"], found["person_id"], found["masked_name"]) == (
            "possible",
            None,
            None,
        )
        assert (found["categories"], found["entitlements"]) == ([], NO_RIGHTS)

    async def test_a_contradiction_lowers_the_grade(self, office: Office) -> None:
        """Goal: sex and birth date count. Method: right number and name, wrong sex; then both
        wrong; then the sex wrong and no name, as when a relative's card is shown."""
        await office.register(PATIENT)
        told = {"id_number": PATIENT.number, "name": PATIENT.name, "sex": "F"}
        sex = await office.recognise(told)
        both = await office.recognise(told | {"birth_date": "1999-01-01"})
        unnamed = await office.recognise({"id_number": PATIENT.number, "sex": "F"})
        assert [a["grade"] for a in (sex, both, unnamed)] == ["probable", *["possible"] * 2]

    async def test_a_stranger_is_nobody(self, office: Office) -> None:
        """Goal: no false match. Method: a valid number that is not on the register."""
        await office.register(PATIENT)
        found = await office.recognise({"id_number": NEIGHBOUR.number, "name": NEIGHBOUR.name})
        assert (found["grade"], found["person_id"], found["score"]) == ("none", None, 0.0)
        assert (found["evidence"], found["entitlements"]) == ([], NO_RIGHTS)


class TestByName:
    @pytest.mark.parametrize(
        ("extra", "grade"),
        [
            ({"address": ADDRESS}, "probable"),
            ({}, "probable"),
            ({"address": "金口河区金河镇"}, "probable"),
            ({"address": "成都市武侯区"}, "possible"),
            ({"address": ADDRESS, "sex": "F"}, "possible"),
            ({"address": "成都市", "phone": PATIENT.phone}, "probable"),
            ({"id_number": NEIGHBOUR.number, "address": ADDRESS}, "possible"),
        ],
    )
    async def test_name_birth_date_and_village(
        self, office: Office, extra: dict[str, str], grade: str
    ) -> None:
        """Goal: at best probable. Method: exact name and birth date with what else is given."""
        await office.register(PATIENT, NEIGHBOUR)
        found = await office.recognise(BY_NAME | extra)
        assert found["grade"] == grade
        assert found["entitlements"] == (RIGHTS if grade == "probable" else NO_RIGHTS)

    async def test_namesakes_are_told_apart_by_the_village_or_not_at_all(
        self, office: Office
    ) -> None:
        """Goal: no guess between two. Method: same name and birth date in two villages."""
        namesake = PATIENT.but(sequence=13, village="别村", household="H9")
        await office.register(PATIENT, namesake)
        there = await office.recognise(BY_NAME | {"address": ADDRESS})
        nowhere = await office.recognise(BY_NAME)
        assert (there["grade"], nowhere["grade"]) == ("probable", "possible")
        assert nowhere["person_id"] is None

    async def test_a_slip_in_the_number_is_repaired_but_never_certain(self, office: Office) -> None:
        """Goal: a mistyped number is no wall. Method: wrong check digit beside name and birth."""
        await office.register(PATIENT)
        wrong = PATIENT.number[:-1] + ("0" if PATIENT.number[-1] != "0" else "1")
        found = await office.recognise(BY_NAME | {"id_number": wrong, "address": ADDRESS})
        assert found["grade"] == "probable"
        assert (found["evidence"][0]["field"], found["evidence"][0]["level"]) == (
            "id_number",
            "repaired",
        )
        assert [reason["code"] for reason in found["reasons"]] == ["number_repaired"]

    async def test_a_minority_name_with_another_dot(self, office: Office) -> None:
        """Goal: dots in any code point or none. Method: register with one, ask with others."""
        person = PATIENT.but(name="阿依·买买提")
        await office.register(person)
        for written in ("阿依•买买提", "阿依买买提", "阿依 · 买买提", "阿依・买买提"):
            asked = {"name": written, "birth_date": "1962-03-04", "address": ADDRESS}
            assert (await office.recognise(asked))["grade"] == "probable"


class TestAsOfTheVisit:
    async def test_who_left_on_the_31st_has_the_category_on_the_30th(self, office: Office) -> None:
        """Goal: the visit's day decides. Method: absent from June's roster; two visits."""
        await office.register(PATIENT, NEIGHBOUR)
        await office.register(NEIGHBOUR, effective_on="2016-06-01")
        before = await office.recognise({"id_number": PATIENT.number}, on="2016-05-30")
        last = await office.recognise({"id_number": PATIENT.number}, on="2016-05-31")
        after = await office.recognise({"id_number": PATIENT.number}, on="2016-06-02")
        assert [c["code"] for c in before["categories"]] == ["registered_poor"]
        assert last["entitlements"] == RIGHTS
        assert (after["grade"], after["categories"]) == ("certain", [])
        assert after["entitlements"] == NO_RIGHTS

    async def test_an_end_date_in_a_delta_does_the_same(self, office: Office) -> None:
        """Goal: leaving by a stated last day. Method: a delta row with 终止日期."""
        await office.register(PATIENT)
        await office.register(
            PATIENT.but(valid_to="2016-05-31"), mode="delta", effective_on="2016-06-01"
        )
        before = await office.recognise({"id_number": PATIENT.number}, on="2016-05-30")
        after = await office.recognise({"id_number": PATIENT.number}, on="2016-06-02")
        assert bool(before["categories"]) is True
        assert bool(after["categories"]) is False
        (left,) = await office.events("person.left.v1")
        assert left["payload"]["categories"][0]["valid_to"] == "2016-05-31"

    async def test_the_day_is_shanghais(self, office: Office) -> None:
        """Goal: business days. Method: 16:30 UTC of the last day is the day after in Shanghai."""
        await office.register(PATIENT.but(valid_to="2016-03-01"))
        asked = {"id_number": PATIENT.number}
        last = await office.recognise(asked, occurred_at="2016-03-01T15:30:00Z")
        next_day = await office.recognise(asked, occurred_at="2016-03-01T16:30:00Z")
        assert (bool(last["categories"]), bool(next_day["categories"])) == (True, False)

    async def test_as_known_then_and_as_known_now(self, office: Office, clock: FixedClock) -> None:
        """Goal: two times. Method: a correction in July reaches back to May; asked both ways."""
        known_before = clock.now().isoformat()
        await office.register(PATIENT, NEIGHBOUR)
        person = (await office.recognise({"id_number": PATIENT.number}))["person_id"]
        clock.advance(timedelta(days=10))
        office.http.headers.update(office.service.bearer())
        await office.register(NEIGHBOUR, effective_on="2016-06-01")

        async def held(**params: str) -> bool:
            answer = await office.http.get(f"/identity/v1/persons/{person}", params=params)
            return bool(answer.json()["categories"])

        assert await held(as_of="2016-06-02") is False
        assert await held(as_of="2016-05-30") is True
        assert await held(as_of="2016-06-02", known_at=known_before) is True


class TestTheRequest:
    @pytest.mark.parametrize(
        ("credentials", "code"),
        [
            ({}, "credentials_insufficient"),
            ({"name": PATIENT.name}, "credentials_insufficient"),
            ({"card_no": "C1"}, "credentials_insufficient"),
            ({"id_number": "123"}, "id_number_invalid"),
            ({"id_number": "5.11E+17"}, "id_number_invalid"),
        ],
    )
    async def test_what_is_not_enough(
        self, office: Office, credentials: dict[str, str], code: str
    ) -> None:
        """Goal: a 422 with the field and the cure. Method: credentials that decide nothing."""
        answer = await office.ask(credentials)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"][0]["field"].startswith("credentials")
        assert await office.service.rows("SELECT * FROM recognitions") == []

    @pytest.mark.parametrize("on", ["1989-12-31", "2016-07-12"])
    async def test_visits_of_the_wrong_time(self, office: Office, on: str) -> None:
        """Goal: typing errors in dates are told. Method: before 1990, two days ahead."""
        answer = await office.ask({"id_number": PATIENT.number}, on=on)
        assert (answer.status_code, answer.json()["code"]) == (422, "visit_time_implausible")

    @pytest.mark.parametrize(
        ("visit_no", "credentials"),
        [
            (PATIENT.number, {"id_number": PATIENT.number}),
            (f"ZY{PATIENT.number}-1", BY_NAME),
            (NEIGHBOUR.number.lower(), {"name": "某", "mother_id_number": NEIGHBOUR.number}),
            (f"MZ-{PATIENT.phone}", BY_NAME | {"phone": PATIENT.phone}),
            (f"{PATIENT.name}01", BY_NAME),
        ],
    )
    async def test_a_visits_number_does_not_tell_who(
        self, office: Office, visit_no: str, credentials: dict[str, str]
    ) -> None:
        """Goal: no number or name of a patient in addresses, events and tables. Method: systems
        that number a visit by its patient."""
        answer = await office.ask(credentials, visit_no=visit_no)
        assert (answer.status_code, answer.json()["code"]) == (422, "identifier_in_visit_no")
        assert [fault["field"] for fault in answer.json()["errors"]] == ["visit.visit_no"]
        assert visit_no not in answer.text
        assert await office.service.rows("SELECT 1 AS one FROM recognitions") == []

    async def test_unknown_and_foreign_facilities(self, office: Office) -> None:
        """Goal: a hospital asks for itself. Method: an unknown code, another hospital's client."""
        unknown = await office.ask({"id_number": PATIENT.number}, facility="H99999999999")
        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_facility")
        async with office.service.client("facility:H51111300102") as http:
            foreign = await Office(http, office.service).ask({"id_number": PATIENT.number})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "facility_not_yours")

    async def test_the_scope_is_needed(self, office: Office) -> None:
        """Goal: no scope, no answer. Method: a client that may only read contracts."""
        async with office.service.client(scopes=["contracts:read"]) as http:
            answer = await Office(http, office.service).ask({"id_number": PATIENT.number})
        assert answer.status_code == 403

    async def test_what_is_kept_and_told(self, office: Office) -> None:
        """Goal: row, event and audit of one decision. Method: read the three tables."""
        await office.register(PATIENT)
        found = await office.recognise({"id_number": PATIENT.number, "name": PATIENT.name})
        (row,) = await office.service.rows("SELECT * FROM recognitions")
        assert (str(row["person_id"]), row["weights_version"]) == (
            found["person_id"],
            AGREED_WEIGHTS.version,
        )
        assert PATIENT.number.encode() not in row["credentials_enc"]
        (event,) = await office.events("recognition.made.v1")
        told: dict[str, Any] = event["payload"]
        assert told["recognition_id"] == found["recognition_id"]
        assert (told["facility_code"], told["visit_no"]) == (HOSPITAL, "ZY-1")
        assert (told["village"], told["township"]) == (PATIENT.village, PATIENT.township)
        (audited,) = await office.service.rows(
            "SELECT * FROM audit_log WHERE action = 'recognition.made'"
        )
        assert audited["detail"]["person_id"] == found["person_id"]
        for said in (str(told), str(audited["detail"])):
            assert PATIENT.name not in said
            assert PATIENT.number not in said

    async def test_the_same_key_again_makes_one_recognition(self, office: Office) -> None:
        """Goal: idempotency. Method: one request twice under one key."""
        await office.register(PATIENT)
        office.http.headers["Idempotency-Key"] = "window-1"
        first = await office.ask({"id_number": PATIENT.number})
        second = await office.ask({"id_number": PATIENT.number})
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert len(await office.events("recognition.made.v1")) == 1


class TestAtOnce:
    """One statement checks that the register is as it is in memory, and writes everything."""

    async def test_no_session_is_needed(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Goal: hit and miss take the one round trip. Method: there are no sessions."""
        await office.register(PATIENT)
        await office.recognise({"id_number": PATIENT.number})
        monkeypatch.setattr(office.service.context.db, "writing", None)
        monkeypatch.setattr(office.service.context.db, "reading", None)
        hit = await office.recognise({"id_number": PATIENT.number, "name": PATIENT.name})
        miss = await office.recognise({"id_number": NEIGHBOUR.number, "name": NEIGHBOUR.name})
        assert (hit["grade"], miss["grade"]) == ("certain", "none")

    async def test_a_change_it_had_to_wait_for_is_seen(self, office: Office) -> None:
        """Goal: nobody is told what a change under way takes away.

        Method: his only category ends under the lock; the question waits at the database, with the
        register of before in memory; the change is committed.
        """
        await office.register(PATIENT)
        first = await office.recognise({"id_number": PATIENT.number})
        context = office.service.context
        region = context.region.region_code
        async with context.db.writing() as session:
            await lock_register(session, region)
            await RevisionRepository(session, region).wait_for_recognitions()
            await stamp(session, region, {UUID(first["person_id"])})
            await session.execute(text("UPDATE memberships SET superseded_at = now()"))
            asked = asyncio.create_task(office.recognise({"id_number": PATIENT.number}))
            await _until_somebody_waits(office)
        found = await asyncio.wait_for(asked, 10)
        assert (found["grade"], found["person_id"]) == ("certain", first["person_id"])
        assert (first["entitlements"], found["entitlements"]) == (RIGHTS, NO_RIGHTS)
        assert found["categories"] == []
        assert len(await office.events("recognition.made.v1")) == 2
        (count,) = await office.service.rows("SELECT count(*) FROM recognitions")
        assert count["count"] == 2

    async def test_what_an_absorbed_person_holds_counts_until_he_is_apart_again(
        self, office: Office
    ) -> None:
        """Goal: the register in memory knows whose categories are whose, by the revision."""
        await office.register(PATIENT)
        await office.register(NEIGHBOUR.but(category="低保"), source="civil_affairs")

        async def held() -> set[str]:
            found = await office.recognise({"id_number": PATIENT.number, "name": PATIENT.name})
            return {each["code"] for each in found["categories"]}

        assert await held() == {"registered_poor"}
        kept, other = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR)]
        merged = await office.http.post(
            f"/identity/v1/persons/{kept}/merge",
            json={"other_person_id": other, "reason": "同一人,登记两次"},
        )
        assert merged.status_code in {200, 201}, merged.text
        assert await held() == {"registered_poor", "subsistence"}
        await office.http.post(f"/identity/v1/merges/{merged.json()['merge_id']}/undo")
        assert await held() == {"registered_poor"}


async def _until_somebody_waits(office: Office) -> None:
    for _ in range(200):
        (row,) = await office.service.rows(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()"
        )
        if row["count"]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody waits")


async def test_every_operation_has_a_summary_and_an_example(office: Office) -> None:
    """Goal: documentation that can be tried. Method: walk the OpenAPI document."""
    document = (await office.http.get("/identity/openapi.json")).json()
    own = {path: item for path, item in document["paths"].items() if path != "/v1/events"}
    assert len(own) >= 25
    for path, item in own.items():
        for operation in item.values():
            assert operation["summary"], path
            content = next(
                answer["content"]
                for status, answer in operation["responses"].items()
                if status in ("200", "201")
            )
            for shape in content.values():
                name = shape["schema"].get("$ref", "").rsplit("/", 1)[-1]
                assert not name or "example" in document["components"]["schemas"][name], name


def test_the_example_number_is_synthetic() -> None:
    """Goal: no real person's number in the documentation. Method: the area was never given out."""
    schema = RecognitionRequest.model_json_schema()
    number = schema["example"]["credentials"]["id_number"]
    assert number == id_number(date(1962, 3, 4), int(number[14:17]))
    assert isinstance(PATIENT, RosterPerson)
