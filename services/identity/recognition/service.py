"""Use case of the window: who is this patient, and what is he entitled to?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import CATEGORIES, Period, in_force, union
from services.identity.idnumber.domain import IdNumber, IdNumberFault, parse
from services.identity.persons.indexes import (
    id_number_index,
    name_birth_index,
    name_index,
    phone_index,
)
from services.identity.recognition.domain import (
    WEIGHTS_VERSION,
    Asked,
    Candidate,
    Decision,
    decide,
)
from services.identity.recognition.entitlements import Entitled, entitled
from services.identity.recognition.repository import RecognitionRepository
from services.identity.recognition.schemas import (
    CategoryAnswer,
    Credentials,
    EntitlementsAnswer,
    EvidenceAnswer,
    RecognitionAnswer,
    RecognitionRequest,
)
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
from shared.security.crypto import Vault
from shared.security.masking import mask_name
from shared.security.principal import FacilityNotYours, Principal

_EARLIEST_VISIT = datetime(1990, 1, 1, tzinfo=UTC)


class FacilityUnknown(Unprocessable):
    code = "unknown_facility"
    title = "The region's list of institutions has no such facility"
    title_zh = "本地区机构名单中没有该医疗机构"


class VisitTimeImplausible(Unprocessable):
    code = "visit_time_implausible"
    title = "The visit's time is too early or lies in the future"
    title_zh = "就诊时间过早或晚于当前时间"


class CredentialsInsufficient(Unprocessable):
    code = "credentials_insufficient"
    title = "An ID number, or name and birth date, is needed to recognise a patient"
    title_zh = "识别患者需要证件号码,或姓名加出生日期"


class IdNumberInvalid(Unprocessable):
    code = "id_number_invalid"
    title = "The ID number is not valid"
    title_zh = "证件号码无效"


@dataclass(frozen=True)
class _Read:
    """The credentials as compared."""

    number: IdNumber | None
    asked: Asked
    id_number_idx: bytes | None
    name_birth_idx: bytes | None
    name_idx: bytes | None
    phone_idx: bytes | None


async def recognise(
    session: WriteSession, context: ServiceContext, caller: Principal, body: RecognitionRequest
) -> RecognitionAnswer:
    """Recognise a patient, keep the decision with its reasons, and tell the other services.

    Raises:
        FacilityNotYours: the caller may not act for the facility.
        FacilityUnknown, VisitTimeImplausible, CredentialsInsufficient, IdNumberInvalid: told by
            field, with the cure.
    """
    facility = _facility(context, caller, body.facility_code)
    now = context.clock.now()
    settings = settings_of(context)
    _check_time(body.visit.occurred_at, now, timedelta(hours=settings.future_tolerance_hours))
    vault = context.vault
    read = _read(vault, body.credentials, now)
    repository = RecognitionRepository(session, context.region.region_code)
    rows = await repository.candidates(
        id_number_idx=read.id_number_idx,
        name_birth_idx=read.name_birth_idx,
        limit=settings.max_candidates,
    )
    decision = decide(read.asked, _candidates(read, rows))
    day = business_date(body.visit.occurred_at)
    holding = in_force(union(_periods(rows, decision.person_id)), day)
    rights = entitled(
        decision.grade,
        in_a_category=bool(holding),
        facility=facility,
        waivers=context.region.fee_waivers_on(day),
    )
    recognition_id = new_id()
    answer = _answer(recognition_id, decision, holding, rights, _shown_name(vault, decision, rows))
    await repository.add(
        {
            "recognition_id": recognition_id,
            "organisation": caller.organisation,
            "facility_code": facility.facility_code,
            "visit_no": body.visit.visit_no,
            "visit_type": body.visit.type,
            "occurred_at": body.visit.occurred_at,
            "grade": decision.grade,
            "person_id": decision.person_id,
            "candidate_id": decision.best.candidate.person_id if decision.best else None,
            "score": answer.score,
            "weights_version": WEIGHTS_VERSION,
            "evidence": [item.model_dump() for item in answer.evidence],
            "categories": [item.model_dump(mode="json") for item in answer.categories],
            "entitlements": answer.entitlements.model_dump(),
            "credentials_enc": vault.encrypt(
                body.credentials.model_dump_json(exclude_none=True),
                column="recognitions.credentials",
            ),
            "recorded_at": now,
        }
    )
    event = _event(recognition_id, body, decision, holding, rights)
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
            "person_id": str(decision.person_id) if decision.person_id else None,
        },
    )
    return answer


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


def _read(vault: Vault, given: Credentials, now: datetime) -> _Read:
    number: IdNumber | None = None
    readable: bool | None = None
    name = given.name.strip() if given.name else ""
    if given.id_number and given.id_number.strip():
        try:
            number = parse(given.id_number, on=business_date(now))
        except IdNumberFault as fault:
            if not name or given.birth_date is None:
                raise IdNumberInvalid(
                    "correct the number, or give name and birth date",
                    errors=[
                        FieldFault(
                            "credentials.id_number", fault.code, fault.message, fault.message_zh
                        )
                    ],
                ) from None
        readable = number is not None
    birth_date = given.birth_date or (number.birth_date if number else None)
    if number is None and (not name or birth_date is None):
        raise CredentialsInsufficient(
            "give the ID number, or name and birth date",
            errors=[
                FieldFault(
                    "credentials",
                    "credentials_insufficient",
                    "give the ID number, or name and birth date",
                    "请提供证件号码,或姓名和出生日期",
                )
            ],
        )
    return _Read(
        number=number,
        asked=Asked(
            id_number_readable=readable,
            birth_date=given.birth_date,
            number_birth_date=number.birth_date if number else None,
            sex=given.sex,
            address=given.address.strip() if given.address and given.address.strip() else None,
        ),
        id_number_idx=id_number_index(vault, number.value) if number else None,
        name_birth_idx=name_birth_index(vault, name, birth_date) if name and birth_date else None,
        name_idx=name_index(vault, name) if name else None,
        phone_idx=phone_index(vault, given.phone) if given.phone else None,
    )


def _candidates(read: _Read, rows: Sequence[RowMapping]) -> list[Candidate]:
    found = {row["person_id"]: row for row in rows}
    return [
        Candidate(
            person_id=person_id,
            id_number_equal=_equal(read.id_number_idx, row["id_number_idx"]),
            name_equal=_equal(read.name_idx, row["name_idx"]),
            phone_equal=_equal(read.phone_idx, row["phone_idx"]),
            birth_date=row["birth_date"],
            sex=row["sex"],
            village=row["village"],
            township=row["township"],
        )
        for person_id, row in found.items()
    ]


def _equal(asked: bytes | None, registered: bytes | None) -> bool | None:
    return None if asked is None or registered is None else asked == registered


def _periods(rows: Sequence[RowMapping], person_id: UUID | None) -> list[Period]:
    return [
        Period(row["category"], row["valid_from"], row["valid_to"])
        for row in rows
        if row["person_id"] == person_id and row["category"] is not None
    ]


def _shown_name(vault: Vault, decision: Decision, rows: Sequence[RowMapping]) -> str | None:
    row = next((row for row in rows if row["person_id"] == decision.person_id), None)
    if row is None:
        return None
    return mask_name(vault.decrypt(row["name_enc"], column="persons.name"))


def _answer(
    recognition_id: UUID,
    decision: Decision,
    holding: Sequence[Period],
    rights: Entitled,
    masked_name: str | None,
) -> RecognitionAnswer:
    best = decision.best
    return RecognitionAnswer(
        recognition_id=str(recognition_id),
        grade=decision.grade,
        person_id=str(decision.person_id) if decision.person_id else None,
        masked_name=masked_name,
        score=best.score if best else 0.0,
        categories=[
            CategoryAnswer(code=p.code, name_zh=CATEGORIES[p.code], valid_from=p.valid_from)
            for p in holding
        ],
        entitlements=EntitlementsAnswer(**asdict(rights)),
        evidence=[EvidenceAnswer(**asdict(item)) for item in best.evidence] if best else [],
    )


def _event(
    recognition_id: UUID,
    body: RecognitionRequest,
    decision: Decision,
    holding: Sequence[Period],
    rights: Entitled,
) -> RecognitionMade:
    person = decision.best.candidate if decision.best and decision.person_id else None
    return RecognitionMade(
        recognition_id=str(recognition_id),
        grade=decision.grade,
        person_id=str(decision.person_id) if decision.person_id else None,
        categories=tuple(
            CategoryPeriod(code=p.code, valid_from=p.valid_from, valid_to=p.valid_to)
            for p in holding
        ),
        entitlements=Entitlements(**asdict(rights)),
        facility_code=body.facility_code,
        visit_no=body.visit.visit_no,
        visit_type=body.visit.type,
        occurred_at=body.visit.occurred_at,
        township=person.township if person else None,
        village=person.village if person else None,
    )
