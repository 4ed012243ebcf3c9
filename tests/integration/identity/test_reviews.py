"""Reviews of doubtful recognitions over HTTP on a real database."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.identity.matching.model import AGREED_WEIGHTS
from services.identity.recognition.repository import WEIGHTS_COLUMN
from services.identity.reviews.domain import LEAST_REVIEWED
from services.identity.reviews.watching import tell_drift
from services.identity.settings import IdentitySettings
from services.identity.weights import repository as weights
from shared.observability.metrics import METRICS
from tests.integration.identity.desk import (
    decide,
    doubt,
    lay_before,
    person_id,
    township,
)
from tests.integration.identity.office import Office
from tests.support.people import NEIGHBOUR, PATIENT

# Name and number of the register's person, but the name is another's: "possible".
WRONG_NAME = {"id_number": PATIENT.number, "name": "测试佳"}


async def listed(office: Office, status: str = "open") -> list[dict[str, Any]]:
    answer = await office.http.get("/identity/v1/reviews", params={"status": status})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


class TestQueue:
    async def test_both_records_side_by_side_masked(self, office: Office, patient: str) -> None:
        """Goal: a reviewer sees enough to judge and no identifier. Method: one review, read it."""
        credentials = WRONG_NAME | {"address": "金口河区金河镇测试村3组", "phone": PATIENT.phone}
        recognition, review = await doubt(office, credentials, [patient])
        (shown,) = await listed(office)
        assert (shown["review_id"], shown["status"], shown["words_said"]) == (review, "open", 0)
        asked, (candidate,) = shown["asked"], shown["candidates"]
        assert asked["recognition_id"] == recognition["recognition_id"]
        assert (asked["masked_name"], candidate["masked_name"]) == ("测*佳", "测*甲")
        assert asked["masked_id_number"] == candidate["masked_id_number"]
        assert (asked["birth_year"], candidate["birth_year"]) == (1962, 1962)
        assert (asked["sex"], candidate["sex"]) == ("M", "M")
        assert (asked["township"], candidate["village"]) == ("金河镇", PATIENT.village)
        assert candidate["categories"] == [{"code": "registered_poor", "name_zh": "建档立卡"}]
        (evidence,) = candidate["evidence"]
        assert evidence["message"] == "Name: sounds the same, written otherwise"
        assert evidence["message_zh"] == "姓名:同音异字"
        assert shown["reasons"][0]["message_zh"]
        whole = json.dumps(shown, ensure_ascii=False)
        for secret in (PATIENT.name, PATIENT.number, PATIENT.phone, "测试佳", "3组"):
            assert secret not in whole
        (audited,) = await office.service.rows(
            "SELECT detail FROM audit_log WHERE action = 'review.read'"
        )
        assert audited["detail"] == {"persons": [patient]}

    async def test_pages(self, office: Office, patient: str) -> None:
        """Goal: the oldest first, page by page, each once. Method: three questions, pages of 2."""
        made = []
        for number, name in enumerate(("测试佳", "测试嘉", "测试家")):
            _, review = await doubt(
                office, WRONG_NAME | {"name": name}, [patient], visit_no=f"ZY-{number}"
            )
            made.append(review)
        first = (await office.http.get("/identity/v1/reviews?limit=2")).json()
        second = (
            await office.http.get(
                "/identity/v1/reviews", params={"limit": 2, "cursor": first["next_cursor"]}
            )
        ).json()
        assert [r["review_id"] for r in first["items"] + second["items"]] == made
        assert second["next_cursor"] is None
        for review in made:
            assert (await decide(office, review, "different_person")).status_code == 200
        done = (await office.http.get("/identity/v1/reviews?status=decided&limit=2")).json()
        rest = (
            await office.http.get(
                "/identity/v1/reviews",
                params={"status": "decided", "limit": 2, "cursor": done["next_cursor"]},
            )
        ).json()
        assert {r["review_id"] for r in done["items"] + rest["items"]} == set(made)
        wrong = await office.http.get("/identity/v1/reviews?cursor=WyJhIiwiYiJd")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "cursor_malformed")

    async def test_whose_reviews_a_caller_sees(self, office: Office, patient: str) -> None:
        """Goal: a township decides about its own people only, a hospital about none."""
        _, review = await doubt(office, WRONG_NAME, [patient])
        seen = {}
        for organisation in ("township:金河镇", "township:别镇", "facility:H51111300101"):
            async with office.service.client(organisation) as http:
                page = (await http.get("/identity/v1/reviews")).json()["items"]
                one = await http.get(f"/identity/v1/reviews/{review}")
                seen[organisation] = (len(page), one.status_code)
        assert seen == {
            "township:金河镇": (1, 200),
            "township:别镇": (0, 404),
            "facility:H51111300101": (0, 404),
        }
        async with township(office, "别镇") as http:
            refused = await http.post(
                f"/identity/v1/reviews/{review}/decision", json={"decision": "same_person"}
            )
        assert (refused.status_code, refused.json()["code"]) == (404, "review_unknown")


class TestWhoDecides:
    async def test_deciding_twice_is_refused_with_who_and_when(
        self, office: Office, patient: str
    ) -> None:
        """Goal: the first word stands. Method: decide, decide again."""
        _, review = await doubt(office, WRONG_NAME, [patient])
        await decide(office, review, "same_person", who="anna")
        late = await decide(office, review, "different_person", who="bert")
        assert (late.status_code, late.json()["code"]) == (409, "review_decided_already")
        assert late.json()["decided_by"] == ["user:anna"]
        assert (late.json()["outcome"], late.json()["person_id"]) == ("same_person", patient)

    async def test_two_at_once(self, office: Office, patient: str) -> None:
        """Goal: one decision, one event. Method: six decisions at the same moment."""
        _, review = await doubt(office, WRONG_NAME, [patient])
        answers = await asyncio.gather(
            *(decide(office, review, "same_person", who=f"person-{n}") for n in range(6))
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
        assert len(await office.events("recognition.revised.v1")) == 1

    async def test_two_questions_at_once_are_one(self, office: Office, patient: str) -> None:
        """Goal: simultaneous visits open one review. Method: five at the same moment."""
        made = [await office.recognise(WRONG_NAME, visit_no=f"ZY-{number}") for number in range(5)]
        opened = await asyncio.gather(
            *(lay_before(office, each, WRONG_NAME, [patient]) for each in made)
        )
        assert len(set(opened)) == 1
        (shown,) = await listed(office)
        assert shown["asked"]["visits"] == 5

    async def test_a_sample_is_decided_by_two(
        self, office: Office, patient: str, settings: IdentitySettings
    ) -> None:
        """Goal: two independent words, agreeing. Method: every review is drawn; the first word
        changes nothing and is not shown to the second."""
        settings.double_review_share = 1.0
        _, review = await doubt(office, WRONG_NAME, [patient])
        first = (await decide(office, review, "same_person", who="anna")).json()
        assert (first["status"], first["outcome"]) == ("second", None)
        assert await office.events("recognition.revised.v1") == []
        (shown,) = await listed(office)
        assert (shown["status"], shown["words_said"], shown["words"]) == ("second", 1, [])
        again = await decide(office, review, "same_person", who="anna")
        assert (again.status_code, again.json()["code"]) == (409, "you_decided_already")
        second = (await decide(office, review, "same_person", who="bert", note="同意")).json()
        assert (second["status"], second["recognitions_revised"]) == ("decided", 1)
        (done,) = await listed(office, "decided")
        assert [(w["decider"], w["note"]) for w in done["words"]] == [
            ("user:anna", None),
            ("user:bert", "同意"),
        ]

    async def test_a_dispute_is_for_a_third(
        self, office: Office, patient: str, settings: IdentitySettings
    ) -> None:
        """Goal: disagreement settles nothing. Method: same, different, then a third's word."""
        settings.double_review_share = 1.0
        _, review = await doubt(office, WRONG_NAME, [patient])
        await decide(office, review, "same_person", who="anna")
        second = (await decide(office, review, "different_person", who="bert")).json()
        assert second["status"] == "disputed"
        (shown,) = await listed(office)
        assert shown["status"] == "disputed"
        third = (await decide(office, review, "different_person", who="carl")).json()
        assert (third["status"], third["outcome"]) == ("decided", "different_person")
        figures = (await office.http.get("/identity/v1/reviews/figures")).json()
        (month,) = figures["items"]
        assert (month["double_agreement"]["count"], month["double_agreement"]["total"]) == (0, 1)

    async def test_a_program_is_no_second_opinion(
        self, office: Office, patient: str, settings: IdentitySettings
    ) -> None:
        """Goal: the two-person rule holds between persons; a program decides by itself."""
        settings.double_review_share = 1.0
        _, review = await doubt(office, WRONG_NAME, [patient])
        assert (await decide(office, review, "same_person")).json()["status"] == "decided"


class TestFigures:
    async def test_from_the_data(self, office: Office, patient: str) -> None:
        """Goal: precision by month and weights. Method: two probable (one right), one possible."""
        nobody = (await office.http.get("/identity/v1/reviews/figures")).json()
        assert nobody["items"] == []
        other = await person_id(office, NEIGHBOUR)
        for person, whose, decision in (
            (PATIENT, patient, "same_person"),
            (NEIGHBOUR, other, "different_person"),
        ):
            credentials = {"name": person.name, "birth_date": person.birth.isoformat()}
            _, review = await doubt(
                office, credentials, [whose], visit_no=whose, grade="probable", whose=whose
            )
            await decide(office, review, decision)
        _, review = await doubt(office, WRONG_NAME, [patient], visit_no="ZY-7")
        await decide(office, review, "same_person")
        _, waiting = await doubt(office, WRONG_NAME | {"name": "测试嘉"}, [patient], visit_no="8")
        assert waiting is not None
        figures = (await office.http.get("/identity/v1/reviews/figures?months=2")).json()
        assert figures["since"] == "2016-06-01"
        assert figures["waiting"]["open"] == 1
        (month,) = figures["items"]
        assert (month["month"], month["weights_version"]) == ("2016-07-01", "test-1")
        assert (month["decided"], month["possible_found"]["value"]) == (3, 1.0)
        precision = month["probable_precision"]
        assert (precision["count"], precision["total"], precision["value"]) == (1, 2, 0.5)
        assert precision["low"] < 0.5 < precision["high"]
        assert month["double_agreement"]["value"] is None

    async def test_drift_is_told_by_the_figures_and_by_gauges(
        self, office: Office, patient: str
    ) -> None:
        """Goal: a broken promise and a roster unlike the last are seen. Method: twenty probable,
        all wrong; two tables of weights, the second with names sixteen times as common."""
        for n in range(LEAST_REVIEWED):
            credentials = {"name": PATIENT.name, "birth_date": f"1962-03-{n + 1:02d}"}
            _, review = await doubt(
                office, credentials, [patient], visit_no=f"D{n}", grade="probable", whose=patient
            )
            await decide(office, review, "different_person")
        context = office.service.context
        u = {**AGREED_WEIGHTS.u["name"], "exact": AGREED_WEIGHTS.u["name"]["exact"] * 16}
        moved = replace(AGREED_WEIGHTS, u={**AGREED_WEIGHTS.u, "name": u})
        first = replace(AGREED_WEIGHTS, prior=-10.0)
        async with context.db.writing() as session:
            for month, table in enumerate((first, moved), start=5):
                await weights.keep(
                    session,
                    context.region.region_code,
                    version=table.version,
                    content_enc=context.vault.encrypt(table.to_json(), column=WEIGHTS_COLUMN),
                    people=3_000 + month,
                    revision=month,
                    at=datetime(2016, month, 2, tzinfo=UTC),
                )
        drift = (await office.http.get("/identity/v1/reviews/figures")).json()["drift"]
        assert drift["probable_precision"]["total"] == LEAST_REVIEWED
        assert drift["precision_warning"] is True
        newest, oldest = drift["weights"]
        assert (newest["version"], newest["field"], newest["warning"]) == (
            moved.version,
            "name",
            True,
        )
        assert (oldest["shift_bits"], oldest["warning"]) == (None, False)
        await tell_drift(context)
        told = METRICS.render().decode()
        assert 'yizhan_match_precision{grade="probable"} 0.0' in told
        assert (
            f'yizhan_match_weights_shift_bits{{service="identity"}} {newest["shift_bits"]}' in told
        )
        async with township(office, "金河镇") as clerk:
            assert (await clerk.get("/identity/v1/reviews/figures")).json()["drift"] is None


async def test_the_database_holds_no_identifier_in_clear(office: Office, patient: str) -> None:
    """Goal: a dump of the new tables tells nobody. Method: fill them, read every column as text."""
    secrets = [PATIENT.name, PATIENT.number, PATIENT.phone, "测试佳", "19900000000", "王大夫说"]
    _, review = await doubt(office, WRONG_NAME | {"phone": "19900000000"}, [patient])
    await decide(office, review, "same_person", note="王大夫说是同一人")
    other = await person_id(office, NEIGHBOUR)
    merged = await office.http.post(
        f"/identity/v1/persons/{patient}/merge",
        json={"other_person_id": other, "reason": "王大夫说是同一人"},
    )
    assert merged.status_code == 200, merged.text
    await office.http.post(
        f"/identity/v1/merges/{merged.json()['merge_id']}/undo", json={"reason": "王大夫说错了"}
    )
    card = (await office.http.post("/identity/v1/cards", json={"person_id": patient})).json()
    await office.http.post(
        "/identity/v1/cards/revoke", json={"card_no": card["card_no"], "reason": "王大夫说遗失"}
    )
    secrets += [card["card_no"], card["qr"]]
    tables = await office.service.rows(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    for table in tables:
        for row in await office.service.rows(f'SELECT * FROM "{table["name"]}"'):
            for column, value in row.items():
                raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                for secret in secrets:
                    assert secret.encode() not in raw, (table["name"], column)
    filled = {
        table["name"]: (await office.service.rows(f'SELECT count(*) AS n FROM "{table["name"]}"'))
        for table in tables
    }
    for name in ("reviews", "review_decisions", "person_aliases", "merges", "cards", "card_keys"):
        assert filled[name][0]["n"] > 0
