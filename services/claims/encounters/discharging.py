"""Use case: the patient goes home, and the visit's bill may be settled."""

from __future__ import annotations

from uuid import UUID

from services.claims.encounters import repository
from services.claims.encounters.domain import (
    Discharge,
    Encounter,
    TransitionNotAllowed,
    after,
    check_discharge,
)
from services.claims.encounters.problems import (
    DischargedAlready,
    DischargeRefused,
    EncounterCancelledAlready,
    fault_future,
    fault_order,
)
from services.claims.encounters.referring import check_referral
from services.claims.encounters.schemas import DischargeRequest, as_kept
from services.claims.encounters.service import latest_time, locked_for
from services.claims.encounters.telling import tell_discharged
from services.claims.facilities.service import facility_of
from services.claims.reservations import service as reservations
from shared.db.session import WriteSession
from shared.http.problem import Conflict, FieldFault
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


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
        ReferralNotAllowed: the wrong institution issued the referral (XB-08).
        EncounterCancelledAlready: the visit did not take place.
        DischargedAlready: discharged before, with other content.
    """
    encounter = await locked_for(session, caller, encounter_id)
    stated, issuer = encounter.referral_stated
    wanted = Discharge(
        discharged_at=body.discharged_at,
        diagnoses=tuple(code.strip().upper() for code in body.diagnoses),
        referral=stated if body.referral is None else body.referral,
        referral_issuer=None if body.referral is False else body.referral_issuer or issuer,
        disease_programme=as_kept(body.disease_programme) or encounter.disease_programme,
        doctor_code=body.doctor_code or encounter.doctor_code,
    )
    if encounter.status == "cancelled":
        raise EncounterCancelledAlready
    _check_discharge(context, encounter, wanted)
    check_referral(
        context,
        facility_of(context, encounter.facility_code),
        referral=wanted.referral or (body.referral is None and encounter.referral),
        issuer=(
            body.referral_issuer
            or wanted.referral_issuer
            or (encounter.referral_issuer if body.referral is not False else None)
        ),
    )
    if encounter.discharged_at is not None:
        known = Discharge(
            discharged_at=encounter.discharged_at,
            diagnoses=encounter.diagnoses,
            referral=stated,
            referral_issuer=issuer,
            disease_programme=encounter.disease_programme,
            doctor_code=encounter.doctor_code,
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
            "referral_issuer": wanted.referral_issuer,
            "disease_programme": wanted.disease_programme,
            "doctor_code": wanted.doctor_code,
        },
    )
    discharged = await repository.required(session, encounter_id)
    await reservations.refresh(session, context, discharged)
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
    found = check_discharge(wanted, admitted_at=encounter.admitted_at, latest=latest_time(context))
    if not found:
        return
    faults = []
    if found.before_admission:
        faults.append(fault_order("discharged_at"))
    if found.in_future:
        faults.append(fault_future("discharged_at"))
    faults += [
        FieldFault(
            field=f"diagnoses[{index}]",
            code="malformed_diagnosis",
            message='write an ICD-10 code, such as "J18.900"',
            message_zh="请填写 ICD-10 编码，如 J18.900",
        )
        for index in found.malformed_diagnoses
    ]
    raise DischargeRefused("correct the fields named in errors", errors=faults)
