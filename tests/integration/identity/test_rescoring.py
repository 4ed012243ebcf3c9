"""A kept decision is scored again from what was kept of it."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import update

from services.identity.matching import lending, teaching
from services.identity.matching.model import AGREED_WEIGHTS
from services.identity.matching.scoring import Weights
from services.identity.models import match_weights, recognitions
from services.identity.recognition.repository import WEIGHTS_COLUMN
from services.identity.weights import repository
from services.identity.weights.service import learn_from_register
from tests.integration.identity.office import Office
from tests.support.people import NEIGHBOUR, PATIENT

UNKNOWN = "019a0000-0000-7000-8000-0000000000ff"


async def rescored(office: Office, recognition_id: str) -> dict[str, object]:
    answer = await office.http.get(f"/identity/v1/recognitions/{recognition_id}/rescoring")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_decisions_of_every_kind_score_the_same(office: Office) -> None:
    """Goal: any past decision can be checked. Method: by number, by name with a slip, of nobody."""
    await office.register(PATIENT, NEIGHBOUR)
    asked = [
        {"id_number": PATIENT.number, "name": PATIENT.name},
        {"name": PATIENT.name, "birth_date": "1962-04-03", "address": "金河镇测试村"},
        {"name": "欧阳无此人", "birth_date": "1930-01-02"},
    ]
    for credentials in asked:
        made = await office.recognise(credentials)
        found = await rescored(office, made["recognition_id"])
        assert found["equal"] is True
        assert (found["score"], found["score_again"]) == (made["score"], made["score"])
        assert found["grade"] == made["grade"]


async def test_an_altered_row_is_told(office: Office) -> None:
    """Goal: the check can fail. Method: one weight of the kept evidence raised in the database."""
    await office.register(PATIENT)
    made = await office.recognise({"id_number": PATIENT.number, "name": PATIENT.name})
    number, name = made["evidence"]
    async with office.service.context.db.writing() as session:
        await session.execute(
            update(recognitions)
            .where(recognitions.c.recognition_id == UUID(made["recognition_id"]))
            .values(evidence=[number, name | {"weight": name["weight"] + 1}])
        )
    found = await rescored(office, made["recognition_id"])
    assert (found["equal"], found["register_changed_since"]) == (False, False)


async def test_missing_or_altered_weights_are_told(office: Office) -> None:
    """Goal: no answer from another table. Method: a version that is kept nowhere; no recognition."""
    await office.register(PATIENT)
    made = await office.recognise({"id_number": PATIENT.number})
    async with office.service.context.db.writing() as session:
        await session.execute(match_weights.delete())
        await session.execute(
            update(recognitions)
            .where(recognitions.c.recognition_id == UUID(made["recognition_id"]))
            .values(weights_version="fs-gone")
        )
    path = "/identity/v1/recognitions/{}/rescoring"
    gone = await office.http.get(path.format(made["recognition_id"]))
    assert (gone.status_code, gone.json()["code"]) == (409, "weights_unusable")
    unknown = await office.http.get(path.format(UNKNOWN))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "recognition_unknown")


async def test_questions_asked_teach_who_borrows_numbers(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: a new table knows how numbers and names agreed in what was asked, and past decisions keep
    theirs. Method: four questions; two persons and one question are enough to learn from here."""
    await office.register(PATIENT, NEIGHBOUR)
    own = await office.recognise({"id_number": PATIENT.number, "name": PATIENT.name})
    await office.recognise({"id_number": PATIENT.number, "name": NEIGHBOUR.name + "某"})
    await office.recognise({"id_number": NEIGHBOUR.number})
    await office.recognise({"name": PATIENT.name, "birth_date": "1962-03-04"})
    context = office.service.context
    async with context.db.writing() as session:
        shown = await repository.shown_numbers(session, context.region.region_code)
    names = {"exact": 1, "differs": 1, None: 1}
    assert shown == {(name, None, None): count for name, count in names.items()}

    monkeypatch.setattr(teaching, "LEAST_PEOPLE", 2)
    monkeypatch.setattr(lending, "LEAST_QUESTIONS", 1)
    async with context.db.writing() as session:
        version = await learn_from_register(session, context)
    again = await office.recognise({"id_number": PATIENT.number, "name": PATIENT.name})
    assert again["recognition_id"] != own["recognition_id"]
    (row,) = await office.service.rows("SELECT content_enc FROM match_weights WHERE people > 0")
    table = Weights.from_json(context.vault.decrypt(row["content_enc"], column=WEIGHTS_COLUMN))
    assert table.version == version
    assert table.lending is not None
    assert table.lending.share > lending.believed(AGREED_WEIGHTS).share
    for made in (own, again):
        assert (await rescored(office, made["recognition_id"]))["equal"] is True
