"""What a reviewer's desk and the window's scanner do, by HTTP and by the service's functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import insert

from services.identity.models import recognitions
from services.identity.reviews import service as reviews
from shared.ids import new_id
from shared.security.scopes import SCOPES
from tests.integration.identity.office import HOSPITAL, Office
from tests.support.people import RosterPerson
from tests.support.service import COUNTY

RIGHTS = {"treat_first_pay_later": True, "one_stop_settlement": True, "fee_waivers": True}
EVIDENCE = [{"field": "name", "level": "homophone", "weight": 7.5}]


def signed_in(office: Office, name: str) -> dict[str, str]:
    """The headers of a person (``user:…``), as opposed to a program."""
    token = office.service.signer.sign(
        client_id=f"user:{name}", organisation=COUNTY, scopes=tuple(SCOPES)
    )
    return {"authorization": f"Bearer {token}"}


def township(office: Office, name: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A client of a township."""
    return office.service.client(f"township:{name}")


async def person_id(office: Office, person: RosterPerson) -> str:
    """The id under which a person is registered, found by the number."""
    found = await office.http.post("/identity/v1/persons/search", json={"id_number": person.number})
    assert found.status_code == 200, found.text
    (item,) = found.json()["items"]
    return str(item["person_id"])


async def get_person(office: Office, whose: str, **query: str) -> dict[str, Any]:
    answer = await office.http.get(f"/identity/v1/persons/{whose}", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def answered(
    office: Office,
    credentials: dict[str, Any],
    *,
    grade: str = "possible",
    whose: str | None = None,
    visit_no: str = "ZY-1",
    on: str = "2016-03-01",
) -> dict[str, Any]:
    """A recognition as the window's matcher might have left it, whatever it thinks today."""
    context = office.service.context
    row = {
        "recognition_id": new_id(),
        "region": context.region.region_code,
        "organisation": COUNTY,
        "facility_code": HOSPITAL,
        "visit_no": visit_no,
        "visit_type": "inpatient",
        "occurred_at": datetime.fromisoformat(f"{on}T09:30:00+08:00"),
        "grade": grade,
        "person_id": UUID(whose) if whose else None,
        "candidate_id": None,
        "score": 21.5,
        "weights_version": "test-1",
        "evidence": EVIDENCE,
        "categories": [],
        "entitlements": dict.fromkeys(RIGHTS, False),
        "credentials_enc": context.vault.encrypt(
            json.dumps(credentials), column="recognitions.credentials"
        ),
        "recorded_at": context.clock.now(),
    }
    if whose:
        row["categories"] = [
            {"code": "registered_poor", "name_zh": "建档立卡", "valid_from": "2015-01-01"}
        ]
        row["entitlements"] = RIGHTS
    async with context.db.writing() as session:
        await session.execute(insert(recognitions), row)
    return row | {"recognition_id": str(row["recognition_id"]), "person_id": whose}


async def doubt(
    office: Office, credentials: dict[str, Any], candidates: Sequence[str], **answer: Any
) -> tuple[dict[str, Any], str | None]:
    """A recognition, and the review that it opens about these persons (None: nobody is asked)."""
    recognition = await answered(office, credentials, **answer)
    return recognition, await lay_before(office, recognition, credentials, candidates)


async def lay_before(
    office: Office,
    recognition: dict[str, Any],
    credentials: dict[str, Any],
    candidates: Sequence[str],
) -> str | None:
    """Open a review as recognition does."""
    context = office.service.context
    async with context.db.writing() as session:
        review_id = await reviews.open_review(
            session,
            context,
            recognition_id=UUID(recognition["recognition_id"]),
            candidates=[(UUID(each), 21.5, EVIDENCE) for each in candidates],
            credentials_fingerprint=reviews.credentials_fingerprint(context, credentials),
            reasons=[recognition["grade"]],
            now=context.clock.now(),
        )
    return str(review_id) if review_id else None


async def decide(
    office: Office,
    review_id: str | None,
    decision: str,
    *,
    who: str | None = None,
    **more: Any,
) -> httpx.Response:
    return await office.http.post(
        f"/identity/v1/reviews/{review_id}/decision",
        json={"decision": decision, **more},
        headers=signed_in(office, who) if who else None,
    )


async def merge(office: Office, kept: str, other: str) -> httpx.Response:
    return await office.http.post(
        f"/identity/v1/persons/{kept}/merge",
        json={"other_person_id": other, "reason": "核对户口簿后确认为同一人"},
    )


async def issue_card(office: Office, whose: str) -> dict[str, Any]:
    answer = await office.http.post("/identity/v1/cards", json={"person_id": whose})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
