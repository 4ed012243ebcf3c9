"""Use cases of one encounter: register and read.

The others: ``listing``, ``discharging``, ``changing``, ``recognising``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.claims.encounters import members, recognising, recognitions, repository
from services.claims.encounters.domain import (
    Encounter,
    deposit_allowed,
    in_force,
    treat_first,
)
from services.claims.encounters.members import Member
from services.claims.encounters.problems import (
    DepositNotAllowed,
    EncounterCancelledAlready,
    EncounterDiffers,
    EncounterNotFound,
    EncounterRefused,
    EncounterSettledAlready,
    PersonDiffers,
    estimate_faults,
    fault_future,
    fault_order,
    stated_faults,
)
from services.claims.encounters.referring import check_referral
from services.claims.encounters.schemas import EncounterRequest, as_kept, stated_in_fen
from services.claims.encounters.telling import tell_discharged, tell_opened
from services.claims.facilities.service import facility_of
from services.claims.merges import repository as merges
from services.claims.packs.service import plans_in_force
from services.claims.reservations import service as reservations
from services.claims.settings import settings_of
from shared.clock import business_date
from shared.db.direct import DirectWork
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.identifiers import holds_id_number, visit_no_fault
from shared.security.principal import FacilityNotYours, Principal


async def open_encounter(
    session: WriteSession, context: ServiceContext, caller: Principal, body: EncounterRequest
) -> tuple[Encounter, bool]:
    """Register a visit; the same content again gives the same encounter.

    Returns:
        The encounter, and whether this call opened it.

    Raises:
        FacilityUnknown, FacilityNotYours, EncounterRefused: the request cannot be right.
        ReferralNotAllowed: the wrong institution issued the referral (XB-08).
        DepositNotAllowed: a deposit from a listed poor person (LP-23, JK-14).
        EncounterDiffers, PersonDiffers, EncounterSettledAlready, EncounterCancelledAlready: the
            visit is known otherwise.
    """
    facility = facility_of(context, body.facility_code)
    if not caller.may_see_facility(body.facility_code):
        raise FacilityNotYours
    _check_registration(context, body)
    check_referral(context, facility, referral=body.referral, issuer=body.referral_issuer)
    member = await members.get_member(session, body.person_id) if body.person_id else None
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
            "treat_first_pay_later": treat_first(
                poor=poor, in_region=facility.in_region, designated=facility.designated
            ),
            **_registered_columns(body, registration),
        },
    )
    if not opened:
        return await _register_again(session, context, body, registration), False
    encounter = await repository.required(session, encounter_id)
    await tell_opened(session, facility, encounter)
    if encounter.estimated_fen:
        await reservations.refresh(session, context, encounter)
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
    if body.admitted_at > latest_time(context):
        faults.append(fault_future("admitted_at"))
    if holds_id_number(body.visit_no, on=business_date(body.admitted_at)):
        faults.append(visit_no_fault("visit_no"))
    if body.deposit < 0:
        faults.append(
            FieldFault(
                field="deposit",
                code="negative_amount",
                message='a deposit is not negative; write "0.00" when there is none',
                message_zh="押金不能为负；没有押金请填 0.00",
            )
        )
    faults += stated_faults("evidence.", stated_in_fen(body.evidence))
    if body.estimated_cost is not None:
        faults += estimate_faults(body.estimated_cost)
    plans = plans_in_force(context)
    if body.insurance_plan not in plans:
        listed = ", ".join(sorted(set(plans.values())))
        faults.append(
            FieldFault(
                field="insurance_plan",
                code="unknown_insurance_plan",
                message=f"the region's pack does not know this plan; write one of: {listed}",
                message_zh=f"政策包没有这个险种；应为以下之一: {listed}",
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
                    message_zh="该患者为在册贫困人口，先诊疗后付费；押金请填 0.00,已收的请退还",
                )
            ],
        )


def _registration(body: EncounterRequest) -> dict[str, Any]:
    """What the hospital said, in one form, to compare a second call with.

    Facts that are seldom said are kept only when they are: what was registered before the
    interface knew them compares as before.
    """
    seldom = {
        "referral_issuer": body.referral_issuer,
        "card_presented": body.evidence.card_presented,
        "stated_payments": stated_in_fen(body.evidence),
        "estimated_fen": None if body.estimated_cost is None else int(body.estimated_cost),
    }
    return {
        "type": body.type,
        "person_id": body.person_id,
        "admitted_at": body.admitted_at.astimezone(UTC).isoformat(),
        "deposit_fen": int(body.deposit),
        "referral": body.referral,
        "disease_programme": as_kept(body.disease_programme),
        "insurance_plan": body.insurance_plan,
        **{name: value for name, value in seldom.items() if value},
    }


def _registered_columns(body: EncounterRequest, registration: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "visit_type": body.type,
        "admitted_at": body.admitted_at,
        "deposit_fen": int(body.deposit),
        "estimated_fen": None if body.estimated_cost is None else int(body.estimated_cost),
        "referral": body.referral,
        "referral_issuer": body.referral_issuer,
        "disease_programme": as_kept(body.disease_programme),
        "insurance_plan": body.insurance_plan,
        "card_presented": body.evidence.card_presented,
        "stated_payments": stated_in_fen(body.evidence),
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
    if encounter.status == "cancelled":
        raise EncounterCancelledAlready
    if encounter.registration is not None:
        if dict(encounter.registration) != registration:
            differing = sorted(
                name
                for name in {*registration, *encounter.registration}
                if encounter.registration.get(name) != registration.get(name)
            )
            raise EncounterDiffers(
                "another content was registered under this visit number; give a new visit its"
                f" own number. Differing: {', '.join(differing)}"
            )
        return encounter
    # A recognition opened the case; now the hospital tells the rest of it.
    if encounter.status == "settled":
        raise EncounterSettledAlready
    columns = _registered_columns(body, registration)
    facility = facility_of(context, body.facility_code)
    if encounter.recognition_id is not None:
        await _check_person(session, encounter, body.person_id)
        poor = bool(in_force(encounter.categories, business_date(body.admitted_at)))
    else:
        # What identity had said was taken back since: the hospital's word is the only one.
        member = await members.get_member(session, body.person_id) if body.person_id else None
        poor = member is not None and bool(
            in_force(member.categories, business_date(body.admitted_at))
        )
        columns |= {
            "person_id": body.person_id,
            "treat_first_pay_later": treat_first(
                poor=poor, in_region=facility.in_region, designated=facility.designated
            ),
        }
    _check_deposit(facility, poor=poor, deposit_fen=body.deposit)
    if encounter.discharged_at is not None and business_date(
        encounter.discharged_at
    ) < business_date(body.admitted_at):
        raise EncounterRefused(
            "the visit was discharged before this admission", errors=[fault_order("admitted_at")]
        )
    await repository.change(session, encounter, columns)
    registered = await repository.required(session, encounter.id)
    if registered.status == "discharged" and registered.person_id != encounter.person_id:
        await tell_discharged(session, facility, registered)
    await reservations.refresh(session, context, registered)
    return registered


async def _check_person(
    session: WriteSession, encounter: Encounter, named_by_hospital: str | None
) -> None:
    if named_by_hospital is None or named_by_hospital == encounter.person_id:
        return
    if await merges.kept_of(session, named_by_hospital) != encounter.patient_id:
        raise PersonDiffers("leave person_id out, or have the recognition reviewed")


async def visible(session: ReadSession, caller: Principal, encounter_id: UUID) -> Encounter:
    """An encounter that the caller may see.

    Raises:
        EncounterNotFound: no such encounter, or another facility's.
    """
    encounter = await repository.get(session, encounter_id)
    if encounter is None or not caller.may_see_facility(encounter.facility_code):
        raise EncounterNotFound
    return encounter


async def read(
    session: WriteSession, context: ServiceContext, caller: Principal, encounter_id: UUID
) -> Encounter:
    """The same, for somebody who looks at it; the look is written to the audit log."""
    encounter = await visible(session, caller, encounter_id)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="encounter.read",
        subject=str(encounter_id),
        at=context.clock.now(),
    )
    return encounter


async def locked_for(session: WriteSession, caller: Principal, encounter_id: UUID) -> Encounter:
    """The same, its row held until the transaction ends."""
    encounter = await repository.lock(session, encounter_id)
    if encounter is None or not caller.may_see_facility(encounter.facility_code):
        raise EncounterNotFound
    return encounter


async def locked_directly(direct: DirectWork, caller: Principal, encounter_id: UUID) -> Encounter:
    """As :func:`locked_for`, on the driver."""
    encounter = await repository.lock_directly(direct, encounter_id)
    if encounter is None or not caller.may_see_facility(encounter.facility_code):
        raise EncounterNotFound
    return encounter


async def of_recognition(
    session: ReadSession, caller: Principal, recognition_id: str
) -> Encounter | None:
    """The encounter of a recognition; None while it is not here, or is another facility's."""
    encounter = await recognitions.encounter_of(session, recognition_id)
    if encounter is None or not caller.may_see_facility(encounter.facility_code):
        return None
    return encounter


async def keep_member(session: WriteSession, context: ServiceContext, member: Member) -> None:
    """Keep what the registry says of a person; the latest recorded word counts.

    Bills that were settled on an earlier word of it are marked, if the new one changes them.
    """
    await members.keep_member(session, context.region.region_code, member)
    await recognising.follow_registry(session, context, member.person_id)


def latest_time(context: ServiceContext) -> datetime:
    """No hospital's clock is further ahead than this."""
    return context.clock.now() + timedelta(hours=settings_of(context).future_tolerance_hours)
