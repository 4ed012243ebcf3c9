"""Use cases of the encounters: open, recognise, discharge, find."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.claims.encounters import repository
from services.claims.encounters.domain import (
    Discharge,
    Recognition,
    TransitionNotAllowed,
    after,
    check_discharge,
    deposit_allowed,
    in_conflict,
    in_force,
    winner,
)
from services.claims.encounters.repository import Encounter, Member
from services.claims.encounters.schemas import DischargeRequest, EncounterRequest
from services.claims.facilities.service import facility_of
from services.claims.settings import settings_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import EncounterDischarged, EncounterOpened
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import FacilityNotYours, Principal


class EncounterNotFound(NotFound):
    code = "encounter_not_found"
    title = "There is no such encounter, or it is not yours to see"
    title_zh = "没有该就诊记录,或您无权查看"


class EncounterDiffers(Conflict):
    code = "encounter_differs"
    title = "This visit number is registered already, with other content"
    title_zh = "该就诊号已登记,内容不一致"


class PersonDiffers(Conflict):
    code = "person_differs"
    title = "Identity recognised another person for this visit"
    title_zh = "身份识别结果与所填人员不一致"


class EncounterSettledAlready(Conflict):
    code = "encounter_settled"
    title = "The encounter is settled; reverse the settlement before changing it"
    title_zh = "该就诊已结算;如需修改请先冲销"


class DischargedAlready(Conflict):
    code = "discharged_already"
    title = "The encounter is discharged already, with other content"
    title_zh = "该就诊已登记出院,内容不一致"


class DepositNotAllowed(Unprocessable):
    code = "deposit_not_allowed"
    title = "A registered poor patient pays no deposit here"
    title_zh = "贫困患者在本地定点机构就诊不收押金"


class EncounterRefused(Unprocessable):
    code = "validation_failed"
    title = "Some fields of the encounter are wrong"
    title_zh = "就诊登记有字段填写有误"


class DischargeRefused(Unprocessable):
    code = "validation_failed"
    title = "Some fields of the discharge are wrong"
    title_zh = "出院登记有字段填写有误"


async def open_encounter(
    session: WriteSession, context: ServiceContext, caller: Principal, body: EncounterRequest
) -> tuple[Encounter, bool]:
    """Register a visit; the same content again gives the same encounter.

    Returns:
        The encounter, and whether this call opened it.

    Raises:
        FacilityUnknown, FacilityNotYours, EncounterRefused: the request cannot be right.
        DepositNotAllowed: a deposit from a listed poor person (LP-23, JK-14).
        EncounterDiffers, PersonDiffers, EncounterSettledAlready: the visit is known otherwise.
    """
    facility = facility_of(context, body.facility_code)
    if not caller.may_see_facility(body.facility_code):
        raise FacilityNotYours
    _check_registration(context, body)
    member = await repository.get_member(session, body.person_id) if body.person_id else None
    admitted_on = business_date(body.admitted_at)
    poor = member is not None and bool(in_force(member.categories, admitted_on))
    _check_deposit(facility, poor=poor, deposit_fen=body.deposit)
    registration = _registration(body)
    encounter_id = new_id()
    region = context.region.region_code
    opened = await repository.insert_if_new(
        session,
        {
            "id": encounter_id,
            "region": region,
            "facility_code": body.facility_code,
            "visit_no": body.visit_no,
            "status": "open",
            "version": 1,
            "person_id": body.person_id,
            "treat_first_pay_later": poor and facility.in_region and facility.designated,
            **_registered_columns(body, registration),
        },
    )
    if not opened:
        return await _register_again(session, context, body, registration), False
    encounter = await _required(session, encounter_id)
    await _tell_opened(session, facility, encounter)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="encounter.opened",
        subject=str(encounter_id),
        at=context.clock.now(),
    )
    return encounter, True


def _check_registration(context: ServiceContext, body: EncounterRequest) -> None:
    faults = []
    if body.admitted_at > _latest(context):
        faults.append(_fault_future("admitted_at"))
    if body.deposit < 0:
        faults.append(
            FieldFault(
                field="deposit",
                code="negative_amount",
                message='a deposit is not negative; write "0.00" when there is none',
                message_zh="押金不能为负;没有押金请填 0.00",
            )
        )
    if faults:
        raise EncounterRefused("correct the fields named in errors", errors=faults)


def _check_deposit(facility: Facility, *, poor: bool, deposit_fen: int) -> None:
    if not deposit_allowed(
        poor=poor,
        in_region=facility.in_region,
        designated=facility.designated,
        deposit_fen=deposit_fen,
    ):
        raise DepositNotAllowed(
            "treat first, pay later (LP-23, JK-14): open the encounter with deposit 0.00",
            errors=[
                FieldFault(
                    field="deposit",
                    code="deposit_not_allowed",
                    message='the patient is registered poor; write "0.00" and return any deposit',
                    message_zh="该患者为在册贫困人口,先诊疗后付费;押金请填 0.00,已收的请退还",
                )
            ],
        )


def _registration(body: EncounterRequest) -> dict[str, Any]:
    """What the hospital said, in one form, to compare a second call with."""
    return {
        "type": body.type,
        "person_id": body.person_id,
        "admitted_at": body.admitted_at.astimezone(UTC).isoformat(),
        "deposit_fen": int(body.deposit),
        "referral": body.referral,
        "disease_programme": body.disease_programme,
        "insurance_plan": body.insurance_plan,
    }


def _registered_columns(body: EncounterRequest, registration: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "visit_type": body.type,
        "admitted_at": body.admitted_at,
        "deposit_fen": int(body.deposit),
        "referral": body.referral,
        "disease_programme": body.disease_programme,
        "insurance_plan": body.insurance_plan,
        "registration": registration,
    }


async def _register_again(
    session: WriteSession,
    context: ServiceContext,
    body: EncounterRequest,
    registration: dict[str, Any],
) -> Encounter:
    encounter = await repository.lock_visit(
        session,
        region=context.region.region_code,
        facility_code=body.facility_code,
        visit_no=body.visit_no,
    )
    if encounter is None:
        raise EncounterNotFound
    if encounter.registration is not None:
        if dict(encounter.registration) != registration:
            differing = sorted(
                name
                for name, said in registration.items()
                if encounter.registration.get(name) != said
            )
            raise EncounterDiffers(
                "another content was registered under this visit number; give a new visit its"
                f" own number. Differing: {', '.join(differing)}"
            )
        return encounter
    # A recognition opened the case; now the hospital tells the rest of it.
    if encounter.status == "settled":
        raise EncounterSettledAlready
    if body.person_id is not None and body.person_id != encounter.person_id:
        raise PersonDiffers("leave person_id out, or have the recognition reviewed")
    facility = facility_of(context, body.facility_code)
    poor = bool(in_force(encounter.categories, business_date(body.admitted_at)))
    _check_deposit(facility, poor=poor, deposit_fen=body.deposit)
    if encounter.discharged_at is not None and business_date(
        encounter.discharged_at
    ) < business_date(body.admitted_at):
        raise EncounterRefused(
            "the visit was discharged before this admission", errors=[_fault_order("admitted_at")]
        )
    await repository.change(session, encounter, _registered_columns(body, registration))
    return await _required(session, encounter.id)


async def recognise(
    session: WriteSession,
    context: ServiceContext,
    *,
    facility_code: str,
    visit_no: str,
    recognition: Recognition,
) -> None:
    """Open the recognised patient's encounter, or attach him to the one that is there.

    The end state does not depend on the order or number of deliveries: of several recognitions
    a certain one counts before a probable one, then the earlier; a settled encounter keeps its
    person until the settlement is reversed.
    """
    facility = facility_of(context, facility_code)
    encounter_id = new_id()
    region = context.region.region_code
    opened = await repository.insert_if_new(
        session,
        {
            "id": encounter_id,
            "region": region,
            "facility_code": facility_code,
            "visit_no": visit_no,
            "visit_type": recognition.visit_type,
            "status": "open",
            "version": 1,
            "admitted_at": recognition.occurred_at,
            "insurance_plan": "resident",
            "deposit_fen": 0,
            **_recognised_columns(recognition),
        },
    )
    if opened:
        await repository.keep_recognition(session, encounter_id, recognition)
        await _tell_opened(session, facility, await _required(session, encounter_id))
        return
    encounter = await repository.lock_visit(
        session, region=region, facility_code=facility_code, visit_no=visit_no
    )
    if encounter is None:
        raise EncounterNotFound
    await repository.keep_recognition(session, encounter.id, recognition)
    await apply_recognitions(session, context, encounter)


async def apply_recognitions(
    session: WriteSession, context: ServiceContext, encounter: Encounter
) -> Encounter:
    """Let the recognition that counts decide the person of a locked encounter."""
    recognitions = await repository.recognitions_of(session, encounter.id)
    chosen = winner(recognitions)
    if chosen is None:
        return encounter
    named = None if encounter.registration is None else encounter.registration.get("person_id")
    wanted: dict[str, Any] = {"recognition_conflict": in_conflict(recognitions, named)}
    if encounter.status == "settled":
        wanted["recognition_pending"] = chosen.recognition_id != encounter.recognition_id
    else:
        wanted["recognition_pending"] = False
        wanted |= _recognised_columns(chosen)
        if encounter.registration is None:
            wanted |= {"visit_type": chosen.visit_type, "admitted_at": chosen.occurred_at}
    if all(_stored(encounter, column) == value for column, value in wanted.items()):
        return encounter
    await repository.change(session, encounter, wanted)
    changed = await _required(session, encounter.id)
    if changed.status == "discharged" and changed.person_id != encounter.person_id:
        # Who went home was not known, or was known wrongly, when the discharge was told.
        await tell_discharged(session, facility_of(context, changed.facility_code), changed)
    return changed


def _recognised_columns(recognition: Recognition) -> dict[str, Any]:
    return {
        "person_id": recognition.person_id,
        "recognition_id": recognition.recognition_id,
        "recognition_grade": recognition.grade,
        "categories": [period.as_dict() for period in recognition.categories],
        "treat_first_pay_later": recognition.treat_first_pay_later,
        "township": recognition.township,
        "village": recognition.village,
    }


def _stored(encounter: Encounter, column: str) -> Any:
    if column == "categories":
        periods = encounter.recognised_categories
        return None if periods is None else [period.as_dict() for period in periods]
    if column in {"township", "village"}:
        return getattr(encounter, f"recognised_{column}")
    return getattr(encounter, column)


async def discharge(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter_id: UUID,
    body: DischargeRequest,
) -> Encounter:
    """The patient goes home; the bill may be settled. The same content again changes nothing.

    Raises:
        EncounterNotFound: no such encounter, or another facility's.
        DischargeRefused: before the admission, in the future, or a malformed diagnosis.
        DischargedAlready: discharged before, with other content.
    """
    encounter = await locked_for(session, caller, encounter_id)
    wanted = Discharge(
        discharged_at=body.discharged_at,
        diagnoses=tuple(code.strip().upper() for code in body.diagnoses),
        referral=encounter.referral if body.referral is None else body.referral,
        disease_programme=body.disease_programme or encounter.disease_programme,
    )
    _check_discharge(context, encounter, wanted)
    if encounter.discharged_at is not None:
        known = Discharge(
            discharged_at=encounter.discharged_at,
            diagnoses=encounter.diagnoses,
            referral=encounter.referral,
            disease_programme=encounter.disease_programme,
        )
        if known != wanted:
            raise DischargedAlready("the first discharge stands; send the same content to repeat")
        return encounter
    try:
        status = after(encounter.status, "discharge")
    except TransitionNotAllowed as refusal:
        raise Conflict(str(refusal)) from refusal
    await repository.change(
        session,
        encounter,
        {
            "status": status,
            "discharged_at": wanted.discharged_at,
            "diagnoses": list(wanted.diagnoses),
            "referral": wanted.referral,
            "disease_programme": wanted.disease_programme,
        },
    )
    discharged = await _required(session, encounter_id)
    await tell_discharged(session, facility_of(context, discharged.facility_code), discharged)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="encounter.discharged",
        subject=str(encounter_id),
        at=context.clock.now(),
    )
    return discharged


def _check_discharge(context: ServiceContext, encounter: Encounter, wanted: Discharge) -> None:
    found = check_discharge(wanted, admitted_at=encounter.admitted_at, latest=_latest(context))
    if not found:
        return
    faults = []
    if found.before_admission:
        faults.append(_fault_order("discharged_at"))
    if found.in_future:
        faults.append(_fault_future("discharged_at"))
    faults += [
        FieldFault(
            field=f"diagnoses[{index}]",
            code="malformed_diagnosis",
            message='write an ICD-10 code, such as "J18.900"',
            message_zh="请填写 ICD-10 编码,如 J18.900",
        )
        for index in found.malformed_diagnoses
    ]
    raise DischargeRefused("correct the fields named in errors", errors=faults)


async def visible(session: ReadSession, caller: Principal, encounter_id: UUID) -> Encounter:
    """An encounter that the caller may see.

    Raises:
        EncounterNotFound: no such encounter, or another facility's.
    """
    encounter = await repository.get(session, encounter_id)
    if encounter is None or not caller.may_see_facility(encounter.facility_code):
        raise EncounterNotFound
    return encounter


async def locked_for(session: WriteSession, caller: Principal, encounter_id: UUID) -> Encounter:
    """The same, its row held until the transaction ends."""
    encounter = await repository.lock(session, encounter_id)
    if encounter is None or not caller.may_see_facility(encounter.facility_code):
        raise EncounterNotFound
    return encounter


async def find(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    visit_no: str | None,
    facility_code: str | None,
    status: str | None,
    after_id: UUID | None,
    limit: int,
) -> list[Encounter]:
    """The caller's encounters, oldest first; one more than ``limit`` when there is a next page."""
    kind, _, value = caller.organisation.partition(":")
    if kind == "facility":
        if facility_code not in {None, value}:
            return []
        facility_code = value
    elif kind != "region":
        return []
    return await repository.find(
        session,
        region=context.region.region_code,
        visit_no=visit_no,
        facility_code=facility_code,
        status=status,
        after=after_id,
        limit=limit + 1,
    )


async def keep_member(session: WriteSession, context: ServiceContext, member: Member) -> None:
    """Keep what the registry says of a person; the latest recorded word counts."""
    await repository.keep_member(session, context.region.region_code, member)


async def _required(session: ReadSession, encounter_id: UUID) -> Encounter:
    encounter = await repository.get(session, encounter_id)
    if encounter is None:
        raise EncounterNotFound
    return encounter


def _latest(context: ServiceContext) -> datetime:
    return context.clock.now() + timedelta(hours=settings_of(context).future_tolerance_hours)


def _fault_future(field: str) -> FieldFault:
    return FieldFault(
        field=field,
        code="in_future",
        message="the time lies in the future; check the date and the offset (+08:00)",
        message_zh="时间晚于当前;请检查日期与时区(+08:00)",
    )


def _fault_order(field: str) -> FieldFault:
    return FieldFault(
        field=field,
        code="discharge_before_admission",
        message="the discharge must not lie before the admission; check both dates",
        message_zh="出院时间早于入院时间;请核对",
    )


async def _tell_opened(session: WriteSession, facility: Facility, encounter: Encounter) -> None:
    await outbox.record(
        session,
        EncounterOpened(
            encounter_id=str(encounter.id),
            person_id=encounter.person_id,
            facility_code=encounter.facility_code,
            facility_level=facility.facility_level,
            in_region=facility.in_region,
            visit_no=encounter.visit_no,
            visit_type=encounter.visit_type,
            admitted_on=business_date(encounter.admitted_at),
            township=encounter.township,
            village=encounter.village,
            deposit=Fen(encounter.deposit_fen),
            treat_first_pay_later=encounter.treat_first_pay_later,
            recognition_id=encounter.recognition_id,
        ),
        subject=str(encounter.id),
        sequence=encounter.version,
        occurred_at=encounter.admitted_at,
    )


async def tell_discharged(session: WriteSession, facility: Facility, encounter: Encounter) -> None:
    """Publish that the patient of a discharged encounter went home."""
    if encounter.discharged_at is None:
        raise TransitionNotAllowed(encounter.status, "discharge")
    await outbox.record(
        session,
        EncounterDischarged(
            encounter_id=str(encounter.id),
            person_id=encounter.person_id,
            facility_code=encounter.facility_code,
            facility_level=facility.facility_level,
            in_region=facility.in_region,
            visit_no=encounter.visit_no,
            visit_type=encounter.visit_type,
            admitted_on=business_date(encounter.admitted_at),
            township=encounter.township,
            village=encounter.village,
            discharged_on=business_date(encounter.discharged_at),
            diagnoses=encounter.diagnoses,
        ),
        subject=str(encounter.id),
        sequence=encounter.version,
        occurred_at=encounter.discharged_at,
    )
