"""Recording dispensings: what the insurance, the fund and the patient pay.

The window is answered at once, from what is known here of the person's year. Claims takes the
fund's part from his standing and books it; where a settled visit had used the cap meanwhile, the
fund pays less than was answered, and the dispensing shows both.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.contracts.access import may_act
from services.contracts.check_ups.service import has_category
from services.contracts.dispensings import refills, repository
from services.contracts.dispensings.domain import DISEASES, split
from services.contracts.dispensings.schemas import (
    DispensingAnswer,
    DispensingRequest,
    WithdrawalReason,
)
from services.contracts.fees.prices import CHRONIC_DRUGS_CAP, price_on
from services.contracts.merges.repository import MERGES
from services.contracts.models import Dispensing, Person
from services.contracts.people import repository as people
from services.contracts.people.acting import person_served
from services.contracts.plans.service import plan_person
from services.contracts.programme.service import programme_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import DispensingRecorded, DispensingWithdrawn
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class DispensingWrong(Unprocessable):
    code = "dispensing_wrong"
    title = "The dispensing cannot have been so"
    title_zh = "投药信息不成立"


class DispensingUnknown(NotFound):
    code = "dispensing_unknown"
    title = "There is no such dispensing, or it is not yours to see"
    title_zh = "没有此投药记录，或您无权查看"


class DispensingWithdrawnAlready(Conflict):
    code = "dispensing_withdrawn_already"
    title = "The dispensing was withdrawn before"
    title_zh = "该投药记录已撤销"


async def record(
    session: WriteSession, context: ServiceContext, caller: Principal, body: DispensingRequest
) -> DispensingAnswer:
    """Keep a dispensing and split its cost; the year's cap is the person's, whoever hands out.

    Raises:
        DispensingWrong: another disease, a day in the future, more insured than the total.
        PersonUnknown, TeamNotYours: nobody of that id; another organisation's.
    """
    now = context.clock.now()
    _check(context, body, business_date(now))
    kept, person, team = await person_served(
        session,
        context,
        caller,
        body.person_id,
        on=body.dispensed_on,
        facility_code=body.facility_code,
    )
    members = await MERGES.members(session, kept)
    cap = price_on(context, CHRONIC_DRUGS_CAP, body.dispensed_on)
    used = await repository.fund_paid_in(session, members, body.dispensed_on.year)
    entitled = has_category(person, body.dispensed_on)
    parts = split(
        body.total,
        body.insurance_paid,
        used_fen=used,
        cap_fen=cap.amount_fen if entitled else 0,
    )
    dispensing_id = new_id()
    facility_code = body.facility_code or team
    await repository.add(
        session,
        {
            "dispensing_id": dispensing_id,
            "region": context.region.region_code,
            "person_id": kept,
            "disease": body.disease,
            "dispensed_on": body.dispensed_on,
            "facility_code": facility_code,
            "team": team,
            "total_fen": int(body.total),
            "insured_fen": parts.insured,
            "fund_fen": parts.fund,
            "told_fen": parts.fund,
            "status": "told",
            "days": body.days,
            "drugs": [drug.model_dump(mode="json") for drug in body.drugs],
            "recorded_by": caller.client_id,
            "recorded_at": now,
        },
    )
    await outbox.record(
        session,
        DispensingRecorded(
            dispensing_id=str(dispensing_id),
            person_id=kept,
            disease=body.disease,
            facility_code=facility_code,
            team=team,
            dispensed_on=body.dispensed_on,
            total=body.total,
            insurance_paid=Fen(parts.insured),
            fund_pays=Fen(parts.fund),
            patient_pays=Fen(parts.patient),
            township=person.township,
            village=person.village,
            annual_cap=Fen(cap.amount_fen),
        ),
        subject=str(dispensing_id),
        sequence=await people.next_version(session, kept),
        occurred_at=now,
    )
    await refills.handed_out(
        session, members, body.disease, on=body.dispensed_on, days=body.days, at=now
    )
    await plan_person(session, context, kept, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="dispensing.recorded",
        subject=str(dispensing_id),
        at=now,
        detail={"person_id": kept, "team": team},
    )
    return DispensingAnswer(
        dispensing_id=str(dispensing_id),
        person_id=kept,
        disease=body.disease,
        dispensed_on=body.dispensed_on,
        facility_code=facility_code,
        team=team,
        total=body.total,
        insurance_paid=Fen(parts.insured),
        fund_pays=Fen(parts.fund),
        fund_pays_told=Fen(parts.fund),
        patient_pays=Fen(parts.patient),
        status="told",
        withdrawn_reason=None,
        fund_left_this_year=Fen(max(0, cap.amount_fen - used - parts.fund) if entitled else 0),
        unpaid_reason=None if entitled else "no_category",
        cap_assumed=cap.assumed,
        days=body.days,
        entered_late=programme_of(context).is_late(body.dispensed_on, business_date(now)),
        next_due_on=await refills.next_due(session, members, body.disease),
    )


async def read(
    session: WriteSession, context: ServiceContext, caller: Principal, dispensing_id: str
) -> DispensingAnswer:
    """A dispensing as it now stands; the reading is logged.

    Raises:
        DispensingUnknown: there is none of that id, or it is not the caller's to see.
    """
    dispensing, person = await _visible(session, caller, dispensing_id)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="dispensing.read",
        subject=dispensing_id,
        at=context.clock.now(),
        detail={"person_id": dispensing.person_id},
    )
    return await _answer(session, context, dispensing, person)


async def withdraw(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    dispensing_id: str,
    reason: WithdrawalReason,
) -> DispensingAnswer:
    """The drugs were not handed out after all: the year's cap and the fund have it back.

    Raises:
        DispensingUnknown: there is none of that id, or it is not the caller's.
        DispensingWithdrawnAlready: it was withdrawn before.
    """
    found, _ = await _visible(session, caller, dispensing_id)
    kept = await people.lock(session, found.person_id)
    dispensing, person = await _visible(session, caller, dispensing_id)
    if dispensing.status == "withdrawn":
        raise DispensingWithdrawnAlready
    now = context.clock.now()
    await repository.withdraw(session, dispensing.dispensing_id, reason=reason)
    patient = dispensing.total_fen - dispensing.insured_fen - dispensing.told_fen
    await outbox.record(
        session,
        DispensingWithdrawn(
            dispensing_id=dispensing_id,
            person_id=dispensing.person_id,
            disease=dispensing.disease,
            facility_code=dispensing.facility_code,
            team=dispensing.team,
            dispensed_on=dispensing.dispensed_on,
            total=Fen(dispensing.total_fen),
            insurance_paid=Fen(dispensing.insured_fen),
            fund_pays=Fen(dispensing.told_fen),
            patient_pays=Fen(patient),
            township=person.township if person else None,
            village=person.village if person and person.township else None,
            reason=reason,
            withdrawn_at=now,
        ),
        subject=dispensing_id,
        sequence=await people.next_version(session, dispensing.person_id),
        occurred_at=now,
    )
    members = await MERGES.members(session, kept)
    await refills.taken_back(session, members, dispensing, at=now)
    await plan_person(session, context, kept, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="dispensing.withdrawn",
        subject=dispensing_id,
        at=now,
        detail={"person_id": dispensing.person_id, "reason": reason},
    )
    changed, person = await _visible(session, caller, dispensing_id)
    return await _answer(session, context, changed, person)


async def _visible(
    session: WriteSession, caller: Principal, dispensing_id: str
) -> tuple[Dispensing, Person | None]:
    try:
        found = await repository.get(session, UUID(dispensing_id))
    except ValueError:
        raise DispensingUnknown from None
    if found is None:
        raise DispensingUnknown
    person = await people.get(session, await MERGES.kept_of(session, found.person_id))
    if not may_act(
        caller,
        team=found.team,
        township=person.township if person else None,
        facility_code=found.facility_code,
    ):
        raise DispensingUnknown
    return found, person


async def _answer(
    session: WriteSession, context: ServiceContext, dispensing: Dispensing, person: Person | None
) -> DispensingAnswer:
    day = dispensing.dispensed_on
    entitled = person is not None and has_category(person, day)
    cap = price_on(context, CHRONIC_DRUGS_CAP, day)
    members = await MERGES.members(session, await MERGES.kept_of(session, dispensing.person_id))
    used = await repository.fund_paid_in(session, members, day.year)
    return DispensingAnswer(
        dispensing_id=str(dispensing.dispensing_id),
        person_id=dispensing.person_id,
        disease=dispensing.disease,
        dispensed_on=day,
        facility_code=dispensing.facility_code,
        team=dispensing.team,
        total=Fen(dispensing.total_fen),
        insurance_paid=Fen(dispensing.insured_fen),
        fund_pays=Fen(dispensing.fund_fen),
        fund_pays_told=Fen(dispensing.told_fen),
        patient_pays=Fen(dispensing.total_fen - dispensing.insured_fen - dispensing.fund_fen),
        status=dispensing.status,
        withdrawn_reason=dispensing.withdrawn_reason,
        fund_left_this_year=Fen(max(0, cap.amount_fen - used) if entitled else 0),
        unpaid_reason=None if entitled else "no_category",
        cap_assumed=cap.assumed,
        days=dispensing.days,
        entered_late=programme_of(context).is_late(day, business_date(dispensing.recorded_at)),
        next_due_on=await refills.next_due(session, members, dispensing.disease),
    )


def _check(context: ServiceContext, body: DispensingRequest, today: date) -> None:
    faults = []
    if body.disease not in DISEASES:
        known = ", ".join(DISEASES)
        faults.append(
            FieldFault(
                "disease",
                "not_one_of_four",
                f"free drugs are for: {known}",
                f"免费投药限: {'、'.join(DISEASES.values())}",
            )
        )
    if body.dispensed_on > today:
        faults.append(
            FieldFault(
                "dispensed_on",
                "in_the_future",
                "it is recorded after the drugs were handed out; give that day",
                "须在发药后登记；请填写实际日期",
            )
        )
    if body.total < 0 or body.insurance_paid < 0:
        faults.append(
            FieldFault("total", "negative", "an amount cannot be below 0.00", "金额不能为负")
        )
    if body.insurance_paid > body.total:
        faults.append(
            FieldFault(
                "insurance_paid",
                "more_than_total",
                "the insurance cannot pay more than the total; correct one of them",
                "医保支付不能超过总额；请更正",
            )
        )
    if body.facility_code is not None and context.region.facility(body.facility_code) is None:
        faults.append(
            FieldFault(
                "facility_code",
                "unknown_facility",
                "the region knows no such institution; leave it out for the team",
                "本区域无此机构；由团队发药可不填",
            )
        )
    if faults:
        raise DispensingWrong(errors=faults)
