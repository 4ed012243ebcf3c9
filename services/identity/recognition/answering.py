"""What a decision becomes: the answer, the row that is kept, the event and the audit's entry. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.identity.categories.domain import CATEGORIES, Period, in_force
from services.identity.matching.decision import REASONS, Decision
from services.identity.recognition.entitlements import Entitled, entitled
from services.identity.recognition.registry import Picture
from services.identity.recognition.schemas import RecognitionAnswer, RecognitionRequest
from shared.clock import business_date
from shared.events.catalog import RecognitionMade
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

PROVISIONAL_DAYS = 90
"""A newborn's answer counts so long; births are registered within a month as a rule."""


@dataclass(frozen=True)
class Recognised:
    """A decision about a question, with what the register says of the person on a day."""

    decision: Decision
    holding: tuple[Period, ...]
    """Categories in force on the day."""
    masked_name: str | None
    township: str | None
    village: str | None
    weights_version: str
    question: bytes
    """Fingerprint of the credentials, by which a review knows the question again."""


def recognised(
    decision: Decision,
    picture: Picture | None,
    *,
    at: datetime,
    weights_version: str,
    question: bytes,
) -> Recognised:
    """A decision with what the register says of the person on the visit's day.

    Args:
        picture: of the person; None when nobody is told.
        at: the visit's moment.
    """
    return Recognised(
        decision=decision,
        holding=in_force(picture.held, business_date(at)) if picture else (),
        masked_name=picture.masked_name if picture else None,
        township=picture.township if picture else None,
        village=picture.village if picture else None,
        weights_version=weights_version,
        question=question,
    )


@dataclass(frozen=True)
class Telling:
    """All that one recognition says, to whom."""

    recognition_id: UUID
    answer: RecognitionAnswer
    event: RecognitionMade
    row: Mapping[str, Any]
    """Of ``recognitions``, without the region."""
    audited: Mapping[str, Any]
    """What ``audit.record`` is given."""


def tell(
    context: ServiceContext,
    caller: Principal,
    body: RecognitionRequest,
    facility: Facility,
    found: Recognised,
    recognition_id: UUID,
) -> Telling:
    """What a recognition tells the window, the other services, and the audit."""
    now, decision, best = context.clock.now(), found.decision, found.decision.best
    day = business_date(body.visit.occurred_at)
    rights = entitled(
        decision.grade,
        in_a_category=bool(found.holding),
        facility=facility,
        waivers=context.region.fee_waivers_on(day),
    )
    answer = _answer(recognition_id, found, rights, day)
    evidence = best.assessment.evidence if best else ()
    return Telling(
        recognition_id=recognition_id,
        answer=answer,
        event=_event(recognition_id, body, found, rights),
        row={
            "recognition_id": recognition_id,
            "organisation": caller.organisation,
            "facility_code": body.facility_code,
            "visit_no": body.visit.visit_no,
            "visit_type": body.visit.type,
            "occurred_at": body.visit.occurred_at,
            "grade": answer.grade,
            "person_id": UUID(answer.person_id) if answer.person_id else None,
            "candidate_id": UUID(best.person.person_id) if best else None,
            "score": answer.score,
            "weights_version": found.weights_version,
            "evidence": [item._asdict() for item in evidence],
            "categories": [
                {"code": each.code, "name_zh": each.name_zh, "valid_from": str(each.valid_from)}
                for each in answer.categories
            ],
            "entitlements": rights.as_dict(),
            "credentials_enc": context.vault.encrypt(
                body.credentials.model_dump_json(exclude_none=True),
                column="recognitions.credentials",
            ),
            "recorded_at": now,
        },
        audited={
            "actor": caller.client_id,
            "organisation": caller.organisation,
            "action": "recognition.made",
            "subject": str(recognition_id),
            "at": now,
            "detail": {
                "grade": decision.grade,
                "facility_code": facility.facility_code,
                "person_id": decision.person_id,
            },
        },
    )


def _answer(
    recognition_id: UUID, found: Recognised, rights: Entitled, day: date
) -> RecognitionAnswer:
    decision = found.decision
    best = decision.best.assessment if decision.best else None
    # Of plain values, checked in one go: model by model costs three times as much.
    return RecognitionAnswer.model_validate(
        {
            "recognition_id": str(recognition_id),
            "grade": decision.grade,
            "person_id": decision.person_id,
            "masked_name": found.masked_name,
            "score": best.score if best else 0.0,
            "categories": [
                {"code": p.code, "name_zh": CATEGORIES[p.code], "valid_from": p.valid_from}
                for p in found.holding
            ],
            "entitlements": rights.as_dict(),
            "evidence": [item._asdict() for item in best.evidence] if best else [],
            "reasons": [
                {"code": code, "text_zh": REASONS[code][0], "text": REASONS[code][1]}
                for code in decision.reasons
            ],
            "provisional": decision.provisional,
            "provisional_until": (
                day + timedelta(days=PROVISIONAL_DAYS) if decision.provisional else None
            ),
        }
    )


def _event(
    recognition_id: UUID, body: RecognitionRequest, found: Recognised, rights: Entitled
) -> RecognitionMade:
    return RecognitionMade.model_validate(
        {
            "recognition_id": str(recognition_id),
            "grade": found.decision.grade,
            "person_id": found.decision.person_id,
            "categories": [
                {"code": p.code, "valid_from": p.valid_from, "valid_to": p.valid_to}
                for p in found.holding
            ],
            "entitlements": rights.as_dict(),
            "facility_code": body.facility_code,
            "visit_no": body.visit.visit_no,
            "visit_type": body.visit.type,
            "occurred_at": body.visit.occurred_at,
            "township": found.township,
            "village": found.village,
        }
    )
