"""Use case of the window: who is this patient, and what is he entitled to?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.guessing.service import found_nobody, refuse_if_spent
from services.identity.idnumber.domain import clean
from services.identity.matching.decision import Decision, confirmed, decide
from services.identity.matching.model import CARD
from services.identity.matching.records import Query
from services.identity.models import recognitions
from services.identity.newborns.repository import NewbornRepository
from services.identity.recognition.answering import Recognised, Telling, recognised, tell
from services.identity.recognition.asking import (
    CardUnknown,
    IdNumberInvalid,
    ask,
    invalid,
    question_of,
)
from services.identity.recognition.registry import Picture, Registry, registry_of
from services.identity.recognition.repository import STANDS, RecognitionRepository
from services.identity.recognition.schemas import (
    Credentials,
    RecognitionAnswer,
    RecognitionRequest,
)
from services.identity.reviews import service as reviews
from services.identity.revisions.repository import RevisionRepository
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import FieldFault, Unprocessable
from shared.http.work import Work
from shared.ids import new_id
from shared.messaging import outbox
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.identifiers import holds_id_number, visit_no_fault
from shared.security.principal import FacilityNotYours, Principal

_EARLIEST_VISIT = datetime(1990, 1, 1, tzinfo=UTC)
_WHOLE_NUMBER = 11
"""A shorter number may stand in another by chance."""


class FacilityUnknown(Unprocessable):
    code = "unknown_facility"
    title = "The region's list of institutions has no such facility"
    title_zh = "本地区机构名单中没有该医疗机构"


class VisitNoTellsWho(Unprocessable):
    code = "identifier_in_visit_no"
    title = "The visit's number tells who the patient is"
    title_zh = "就诊号中含有患者身份信息"


class VisitTimeImplausible(Unprocessable):
    code = "visit_time_implausible"
    title = "The visit's time is too early or lies in the future"
    title_zh = "就诊时间过早或晚于当前时间"


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
    model = registry.model_on(business_date(at))
    decision = decide(query, registry.index, registry.weights, model=model)
    question = reviews.credentials_fingerprint(context, given.model_dump(mode="json"))
    if decision.ranked and decision.grade != "certain":
        shown = [UUID(one.person.person_id) for one in decision.ranked]
        said = await reviews.judged(session, context, question, shown)
        if said.different:
            refused = {str(each) for each in said.different}
            decision = decide(
                query, registry.index, registry.weights, dismissed=refused, model=model
            )
        if len(said.same) == 1:
            decision = confirmed(decision, str(next(iter(said.same))))
    _check_readable(query, decision, context)
    return recognised(
        decision,
        _picture(registry, decision),
        at=at,
        weights_version=registry.weights.version,
        question=question,
    )


def _picture(registry: Registry, decision: Decision) -> Picture | None:
    return registry.picture(UUID(decision.person_id)) if decision.person_id is not None else None


def _check_readable(query: Query, decision: Decision, context: ServiceContext) -> None:
    """A mistyped number that nothing could correct is told as such, or the clerk misses a patient."""
    if query.number is not None and _is_unreadable(query, decision):
        raise invalid(query.number, today=business_date(context.clock.now()))


def _is_unreadable(query: Query, decision: Decision) -> bool:
    """With name and birth date as well, the question was complete without the number."""
    if decision.grade != "none" or query.number is None or query.number.value18 is not None:
        return False
    return query.name is None or query.birth_date is None


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
    facility = _admitted(context, caller, body)
    await RevisionRepository(session, context.region.region_code).join_recognitions()
    try:
        found = await match(session, context, body.credentials, at=body.visit.occurred_at)
    except (IdNumberInvalid, CardUnknown):
        # That nobody's number is near a wrong one says as much of many numbers at once.
        found_nobody(context, caller, body.facility_code, number_only=True)
        raise
    _charge_guess(context, caller, body, found.decision)
    told = tell(context, caller, body, facility, found, new_id())
    await RecognitionRepository(session, context.region.region_code).add(told.row)
    if told.answer.provisional_until is not None:
        newborns = NewbornRepository(session, context.region.region_code)
        await newborns.keep(told.recognition_id, until=told.answer.provisional_until)
    review_id = await _review(session, context, told.recognition_id, found)
    told.answer.review_id = str(review_id) if review_id else None
    await outbox.record(
        session,
        told.event,
        subject=str(told.recognition_id),
        sequence=1,
        occurred_at=body.visit.occurred_at,
    )
    await audit.record(session, **told.audited)
    return told.answer


async def recognise_at_window(
    work: Work, context: ServiceContext, caller: Principal, body: RecognitionRequest
) -> RecognitionAnswer:
    """As :func:`recognise`, by one statement wherever nobody needs to look at the case.

    The register is in memory, so everything is known before the database is asked; one statement
    says whether it still stands, and writes it all: one round trip instead of ten, on the call on
    which a window waits. A hit and a miss take the same one.

    Raises:
        As :func:`recognise`.
    """
    told = await _tell_at_once(work, context, caller, body) if work.may_be_overtaken else None
    if told is None:
        return await recognise(await work.session(), context, caller, body)
    return told.answer


async def _tell_at_once(
    work: Work, context: ServiceContext, caller: Principal, body: RecognitionRequest
) -> Telling | None:
    """The recognition, gathered for its one statement; None when it needs a session.

    That is when a card is to be read, when the answer holds only for a while, when a number cannot
    be read, when a person is to look at the case, and while the register is being loaded. The statement does not hold when a person has
    looked at this question before, and when the register has changed since this process last looked.
    """
    given, recognition_id = body.credentials, new_id()
    if given.card_no and given.card_no.strip():
        return None
    facility = _admitted(context, caller, body)
    query = question_of(context, given)
    registry = registry_of(context)
    revision, weights = registry.revision, registry.weights
    decision = decide(
        query,
        registry.index,
        weights,
        model=registry.model_on(business_date(body.visit.occurred_at)),
    )
    if (
        decision.provisional
        or _is_unreadable(query, decision)
        or _is_looked_at(context, decision, recognition_id)
    ):
        return None
    question = b""
    if decision.ranked and decision.grade != "certain":
        question = reviews.credentials_fingerprint(context, given.model_dump(mode="json"))
    picture = _picture(registry, decision)
    if picture is None and decision.person_id is not None:
        return None
    found = recognised(
        decision,
        picture,
        at=body.visit.occurred_at,
        weights_version=weights.version,
        question=question,
    )
    told = tell(context, caller, body, facility, found, recognition_id)
    region = context.region.region_code
    rows = await work.at_once(STANDS, region, revision, question)
    rows.insert(recognitions, {"region": region, **told.row})
    outbox.record_directly(
        rows,
        told.event,
        subject=str(recognition_id),
        sequence=1,
        occurred_at=body.visit.occurred_at,
    )
    audit.record_directly(rows, **told.audited)
    rows.after_commit(lambda: _charge_guess(context, caller, body, decision))
    return told


def _admitted(context: ServiceContext, caller: Principal, body: RecognitionRequest) -> Facility:
    """The facility for which the caller may ask now."""
    facility = _facility(context, caller, body.facility_code)
    now = context.clock.now()
    tolerance = timedelta(hours=settings_of(context).future_tolerance_hours)
    _check_time(body.visit.occurred_at, now, tolerance)
    _check_visit_no(body)
    refuse_if_spent(context, caller, facility.facility_code)
    return facility


def _charge_guess(
    context: ServiceContext, caller: Principal, body: RecognitionRequest, decision: Decision
) -> None:
    if decision.grade == "none":
        found_nobody(context, caller, body.facility_code, number_only=not body.credentials.name)
    elif _card_told_nothing(body, decision):
        found_nobody(context, caller, body.facility_code, number_only=True)


def _card_told_nothing(body: RecognitionRequest, decision: Decision) -> bool:
    """Whether somebody may be trying card after card beside a name or number that he knows."""
    if not (body.credentials.card_no or "").strip():
        return False
    return decision.best is None or decision.best.level(CARD) is None


def _is_looked_at(context: ServiceContext, decision: Decision, recognition_id: UUID) -> bool:
    """Every possible, and a sample of the probable, is laid before a person."""
    if decision.grade == "probable":
        return reviews.looks_at_probable(context, recognition_id)
    return decision.grade == "possible"


async def _review(
    session: WriteSession, context: ServiceContext, recognition_id: UUID, found: Recognised
) -> UUID | None:
    decision = found.decision
    if not _is_looked_at(context, decision, recognition_id):
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
                    "本地区没有此机构代码，请从机构名单中选用",
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


def _check_visit_no(body: RecognitionRequest) -> None:
    """It goes into events and addresses, and some systems number a visit by its patient."""
    visit_no = clean(body.visit.visit_no)
    told = body.credentials
    numbers = (told.id_number, told.mother_id_number, told.card_no, told.phone)
    shown = [one for one in map(clean, filter(None, numbers)) if len(one) >= _WHOLE_NUMBER]
    if told.name and not told.name.isascii() and len(clean(told.name)) > 1:
        shown.append(clean(told.name))
    on = business_date(body.visit.occurred_at)
    if holds_id_number(body.visit.visit_no, on=on) or any(one in visit_no for one in shown):
        raise VisitNoTellsWho(
            "send the hospital's own number of the visit",
            errors=[visit_no_fault("visit.visit_no")],
        )
