"""Use case of the window: who is this patient, and what is he entitled to?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.categories.domain import CATEGORIES, Period, in_force, union
from services.identity.matching.decision import REASONS, Decision, confirmed, decide
from services.identity.matching.records import Query
from services.identity.recognition.asking import ask, invalid
from services.identity.recognition.entitlements import Entitled, entitled
from services.identity.recognition.guessing import guess_limit_of
from services.identity.recognition.registry import registry_of
from services.identity.recognition.repository import RecognitionRepository
from services.identity.recognition.schemas import (
    CategoryAnswer,
    Credentials,
    EntitlementsAnswer,
    EvidenceAnswer,
    ReasonAnswer,
    RecognitionAnswer,
    RecognitionRequest,
)
from services.identity.reviews import service as reviews
from services.identity.revisions.repository import RevisionRepository
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import CategoryPeriod, Entitlements, RecognitionMade
from shared.http.problem import FieldFault, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.masking import mask_name
from shared.security.principal import FacilityNotYours, Principal

_EARLIEST_VISIT = datetime(1990, 1, 1, tzinfo=UTC)
PROVISIONAL_DAYS = 90
"""A newborn's answer counts so long; births are registered within a month as a rule."""


class FacilityUnknown(Unprocessable):
    code = "unknown_facility"
    title = "The region's list of institutions has no such facility"
    title_zh = "本地区机构名单中没有该医疗机构"


class VisitTimeImplausible(Unprocessable):
    code = "visit_time_implausible"
    title = "The visit's time is too early or lies in the future"
    title_zh = "就诊时间过早或晚于当前时间"


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


async def match(
    session: AsyncSession, context: ServiceContext, given: Credentials, *, at: datetime
) -> Recognised:
    """Decide who is meant, and keep nothing: for the window, for batches, and for trying out.

    Args:
        at: the visit's moment; its day decides which categories hold.

    Raises:
        CredentialsInsufficient, IdNumberInvalid: told by field, with the cure.
    """
    query = await ask(session, context, given, at=at)
    registry = registry_of(context)
    await registry.refresh(session)
    decision = decide(query, registry.index, registry.weights)
    question = reviews.credentials_fingerprint(context, given.model_dump(mode="json"))
    if decision.ranked and decision.grade != "certain":
        shown = [UUID(one.person.person_id) for one in decision.ranked]
        said = await reviews.judged(session, context, question, shown)
        if said.different:
            refused = {str(each) for each in said.different}
            decision = decide(query, registry.index, registry.weights, dismissed=refused)
        if len(said.same) == 1:
            decision = confirmed(decision, str(next(iter(said.same))))
    _check_readable(query, decision, context)
    rows: Sequence[RowMapping] = ()
    if decision.person_id is not None:
        repository = RecognitionRepository(session, context.region.region_code)
        rows = await repository.picture(UUID(decision.person_id))
    kept = next((row for row in rows if str(row["person_id"]) == decision.person_id), None)
    periods = [
        Period(row["category"], row["valid_from"], row["valid_to"])
        for row in rows
        if row["category"] is not None
    ]
    return Recognised(
        decision=decision,
        holding=tuple(in_force(union(periods), business_date(at))),
        masked_name=mask_name(context.vault.decrypt(kept["name_enc"], column="persons.name"))
        if kept
        else None,
        township=kept["township"] if kept else None,
        village=kept["village"] if kept else None,
        weights_version=registry.weights.version,
        question=question,
    )


def _check_readable(query: Query, decision: Decision, context: ServiceContext) -> None:
    """A mistyped number that nothing could correct is told as such, or the clerk misses a patient.

    With name and birth date as well, the question was complete without the number.
    """
    if decision.grade != "none" or query.number is None or query.number.value18 is not None:
        return
    if query.name is not None and query.birth_date is not None:
        return
    raise invalid(query.number, today=business_date(context.clock.now()))


async def recognise(
    session: WriteSession, context: ServiceContext, caller: Principal, body: RecognitionRequest
) -> RecognitionAnswer:
    """Recognise a patient, keep the decision with its reasons, and tell the other services.

    Raises:
        FacilityNotYours: the caller may not act for the facility.
        FacilityUnknown, VisitTimeImplausible, CredentialsInsufficient, IdNumberInvalid: told by
            field, with the cure.
        TooManyGuesses: the client has found nobody too often.
    """
    facility = _facility(context, caller, body.facility_code)
    now = context.clock.now()
    settings = settings_of(context)
    _check_time(body.visit.occurred_at, now, timedelta(hours=settings.future_tolerance_hours))
    limit = guess_limit_of(context)
    limit.refuse_if_spent(caller.client_id, facility.facility_code, now.timestamp())
    await RevisionRepository(session, context.region.region_code).join_recognitions()
    found = await match(session, context, body.credentials, at=body.visit.occurred_at)
    decision = found.decision
    if decision.grade == "none":
        named = bool(body.credentials.name)
        limit.found_nobody(
            caller.client_id, facility.facility_code, now.timestamp(), number_only=not named
        )
    day = business_date(body.visit.occurred_at)
    rights = entitled(
        decision.grade,
        in_a_category=bool(found.holding),
        facility=facility,
        waivers=context.region.fee_waivers_on(day),
    )
    recognition_id = new_id()
    answer = _answer(recognition_id, found, rights, day)
    await _keep(session, context, caller, body, found, answer)
    review_id = await _review(session, context, recognition_id, found)
    answer.review_id = str(review_id) if review_id else None
    event = _event(recognition_id, body, found, rights)
    await outbox.record(
        session,
        event,
        subject=str(recognition_id),
        sequence=1,
        occurred_at=body.visit.occurred_at,
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="recognition.made",
        subject=str(recognition_id),
        at=now,
        detail={
            "grade": decision.grade,
            "facility_code": facility.facility_code,
            "person_id": decision.person_id,
        },
    )
    return answer


async def _keep(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    body: RecognitionRequest,
    found: Recognised,
    answer: RecognitionAnswer,
) -> None:
    best = found.decision.best
    await RecognitionRepository(session, context.region.region_code).add(
        {
            "recognition_id": UUID(answer.recognition_id),
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
            "evidence": [item.model_dump() for item in answer.evidence],
            "categories": [item.model_dump(mode="json") for item in answer.categories],
            "entitlements": answer.entitlements.model_dump(),
            "credentials_enc": context.vault.encrypt(
                body.credentials.model_dump_json(exclude_none=True),
                column="recognitions.credentials",
            ),
            "recorded_at": context.clock.now(),
        }
    )


async def _review(
    session: WriteSession, context: ServiceContext, recognition_id: UUID, found: Recognised
) -> UUID | None:
    """Every possible, and a sample of the probable, is laid before a person."""
    decision = found.decision
    sampled = decision.grade == "probable" and reviews.looks_at_probable(context, recognition_id)
    if decision.grade != "possible" and not sampled:
        return None
    return await reviews.open_review(
        session,
        context,
        recognition_id=recognition_id,
        candidates=[
            (
                UUID(one.person.person_id),
                one.assessment.score,
                [item._asdict() for item in one.assessment.evidence],
            )
            for one in decision.ranked
        ],
        credentials_fingerprint=found.question,
        reasons=decision.reasons,
        now=context.clock.now(),
    )


def _facility(context: ServiceContext, caller: Principal, code: str) -> Facility:
    if not caller.may_see_facility(code):
        raise FacilityNotYours("use the client of the facility where the visit is")
    facility = context.region.facility(code)
    if facility is None:
        raise FacilityUnknown(
            "take the code from the region's list of facilities",
            errors=[
                FieldFault(
                    "facility_code",
                    "unknown_facility",
                    "no facility of the region has this code; take it from the list",
                    "本地区没有此机构代码,请从机构名单中选用",
                )
            ],
        )
    return facility


def _check_time(occurred_at: datetime, now: datetime, tolerance: timedelta) -> None:
    if _EARLIEST_VISIT <= occurred_at <= now + tolerance:
        return
    raise VisitTimeImplausible(
        "send the time at which the visit began",
        errors=[
            FieldFault(
                "visit.occurred_at",
                "visit_time_implausible",
                "give a time from 1990 on that does not lie in the future",
                "就诊时间应在1990年以后且不晚于当前时间",
            )
        ],
    )


def _answer(
    recognition_id: UUID, found: Recognised, rights: Entitled, day: date
) -> RecognitionAnswer:
    decision = found.decision
    best = decision.best.assessment if decision.best else None
    return RecognitionAnswer(
        recognition_id=str(recognition_id),
        grade=decision.grade,
        person_id=decision.person_id,
        masked_name=found.masked_name,
        score=best.score if best else 0.0,
        categories=[
            CategoryAnswer(code=p.code, name_zh=CATEGORIES[p.code], valid_from=p.valid_from)
            for p in found.holding
        ],
        entitlements=EntitlementsAnswer(**asdict(rights)),
        evidence=[EvidenceAnswer(**item._asdict()) for item in best.evidence] if best else [],
        reasons=[
            ReasonAnswer(code=code, text_zh=REASONS[code][0], text=REASONS[code][1])
            for code in decision.reasons
        ],
        provisional=decision.provisional,
        provisional_until=day + timedelta(days=PROVISIONAL_DAYS) if decision.provisional else None,
    )


def _event(
    recognition_id: UUID, body: RecognitionRequest, found: Recognised, rights: Entitled
) -> RecognitionMade:
    return RecognitionMade(
        recognition_id=str(recognition_id),
        grade=found.decision.grade,
        person_id=found.decision.person_id,
        categories=tuple(
            CategoryPeriod(code=p.code, valid_from=p.valid_from, valid_to=p.valid_to)
            for p in found.holding
        ),
        entitlements=Entitlements(**asdict(rights)),
        facility_code=body.facility_code,
        visit_no=body.visit.visit_no,
        visit_type=body.visit.type,
        occurred_at=body.visit.occurred_at,
        township=found.township,
        village=found.village,
    )
