"""Finding, managing and closing the diseases of registered persons."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, cast
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act
from services.contracts.diseases import repository
from services.contracts.diseases.care import begin_care, end_care
from services.contracts.diseases.domain import (
    CaseState,
    CaseStep,
    CaseStepNotAllowed,
    after,
)
from services.contracts.diseases.schemas import (
    CaseAnswer,
    CaseRequest,
    CloseRequest,
    PlanRequest,
    WithdrawRequest,
)
from services.contracts.diseases.service import (
    EVIDENCE_COLUMN,
    PLAN_COLUMN,
    answer,
    log,
    visible_case,
    wrong,
)
from services.contracts.models import DiseaseCase, Person
from services.contracts.people import repository as people
from services.contracts.people.waiting import await_person
from services.contracts.plans.enrolling import back_at_risk, leave_risk
from services.contracts.plans.service import plan_person
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import (
    DiseaseCaseClosed,
    DiseaseCaseFound,
    DiseaseCaseManaged,
    DiseaseCaseWithdrawn,
)
from shared.http.problem import Conflict
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

_Told = (
    type[DiseaseCaseFound]
    | type[DiseaseCaseManaged]
    | type[DiseaseCaseClosed]
    | type[DiseaseCaseWithdrawn]
)
_EVENTS: dict[CaseState, _Told] = {
    "found": DiseaseCaseFound,
    "managed": DiseaseCaseManaged,
    "closed": DiseaseCaseClosed,
    "withdrawn": DiseaseCaseWithdrawn,
}


class CaseOpen(Conflict):
    code = "disease_case_open_already"
    title = "The person has an open case of this disease"
    title_zh = "该人员此病种已在册"


class CaseStepRefused(Conflict):
    code = "step_not_allowed"
    title = "The case is in a state in which this cannot be done"
    title_zh = "该记录当前状态不能办理此项"


async def find(
    session: WriteSession, context: ServiceContext, caller: Principal, body: CaseRequest
) -> CaseAnswer:
    """Put a person's disease on the register.

    Raises:
        PersonUnknown: identity has not told of the person.
        TeamNotYours: he is another organisation's.
        CaseWrong: an unknown disease, a day in the future, a grade missing or below the list's.
        CaseOpen: it is on the register.
    """
    disease = programme_of(context).diseases.get(body.disease)
    if disease is None:
        raise wrong(
            "disease",
            "unknown_disease",
            "there is no such disease; GET /contracts/v1/disease-lists names them",
            "没有此病种；可查询病种名单",
        )
    if disease.least_grade is not None and (body.grade or 0) < disease.least_grade:
        raise wrong(
            "grade",
            "grade_below",
            f"registered from grade {disease.least_grade} on ({disease.citation}); give the grade",
            f"{disease.least_grade} 度及以上方纳入管理({disease.citation})；请填写分度",
        )
    now = context.clock.now()
    _not_in_future(body.found_on, business_date(now), "found_on")
    person = await await_person(session, body.person_id)
    kept = await people.lock(session, body.person_id)
    person = await people.get(session, kept) or person
    team = teams_of(context).for_township(person.township)
    if not may_act(caller, team=team, township=person.township):
        raise TeamNotYours
    if await repository.has_open(session, kept, body.disease):
        raise CaseOpen("go on with the case there is")
    case = await _put(session, context, caller, body, person)
    if await leave_risk(session, kept, body.disease, body.found_on):
        await plan_person(session, context, kept, at=now)
    return answer(case, context, person_id=kept)


async def found_at_visit(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    disease: str,
    on: date,
    follow_up_id: UUID,
) -> None:
    """A visit that the caller was allowed to record found a disease: on the register, once.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who recorded the visit.
        kept: who stands for the person.
        disease: that was found.
        on: the day of the visit.
        follow_up_id: the visit.
    """
    await leave_risk(session, kept, disease, on)
    person = await people.get(session, kept)
    if person is None or await repository.has_open(session, kept, disease):
        return
    body = CaseRequest(person_id=kept, disease=disease, found_on=on)
    await _put(session, context, caller, body, person, follow_up_id)


async def taken_back(
    session: WriteSession, context: ServiceContext, caller: Principal, case: DiseaseCase, kept: str
) -> DiseaseCase:
    """End what :func:`found_at_visit` did: that visit had not found it. The case as it then is.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who corrects the visit.
        case: found at the visit, and nothing done with it since.
        kept: who stands for the person.
    """
    changed = await repository.change(session, case.case_id, {"state": _next(case, "withdraw")})
    await _told(session, context, caller, changed, "withdraw", case.found_on)
    await back_at_risk(session, context, caller, kept, case.disease, case.found_on)
    return changed


async def _put(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    body: CaseRequest,
    person: Person,
    follow_up_id: UUID | None = None,
) -> DiseaseCase:
    case = DiseaseCase(
        case_id=new_id(),
        region=context.region.region_code,
        person_id=body.person_id,
        disease=body.disease,
        grade=body.grade,
        care_class=body.care_class,
        township=person.township,
        village=person.village,
        state="found",
        found_on=body.found_on,
        follow_up_id=follow_up_id,
        recorded_by=caller.client_id,
        recorded_at=context.clock.now(),
    )
    names = (
        "case_id", "region", "person_id", "disease", "grade", "care_class", "township", "village",
        "state", "found_on", "follow_up_id", "recorded_by", "recorded_at",
    )  # fmt: skip
    if not await repository.add(session, {name: getattr(case, name) for name in names}):
        raise CaseOpen("go on with the case there is")
    await _told(session, context, caller, case, "find", body.found_on)
    return case


async def manage(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    case_id: UUID,
    body: PlanRequest,
) -> CaseAnswer:
    """Manage a found case by its plan; a managed one gets a new version of it.

    Raises:
        CaseUnknown, CaseStepRefused, CaseWrong.
    """
    case, kept = await _locked(session, context, caller, case_id)
    day = body.on or business_date(context.clock.now())
    await _check_day(session, context, case, day, "on")
    if case.state != "managed":
        state = _next(case, "manage")
        case = await repository.change(session, case_id, {"state": state, "managed_on": day})
        await _told(session, context, caller, case, "manage", day)
        await begin_care(session, context, caller, case)
    words = json.dumps({"goal": body.goal, "measures": body.measures}, ensure_ascii=False)
    await repository.add_plan(
        session,
        case_id,
        {
            "plan": context.vault.encrypt(words, column=PLAN_COLUMN),
            "made_on": day,
            "recorded_by": caller.client_id,
            "recorded_at": context.clock.now(),
        },
    )
    return answer(case, context, person_id=kept)


async def close(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    case_id: UUID,
    body: CloseRequest,
) -> CaseAnswer:
    """Close a cured case (销号) with its evidence.

    Raises:
        CaseUnknown, CaseStepRefused, CaseWrong.
    """
    case, kept = await _locked(session, context, caller, case_id)
    day = body.closed_on or business_date(context.clock.now())
    await _check_day(session, context, case, day, "closed_on")
    state = _next(case, "close")
    evidence = context.vault.encrypt(body.evidence, column=EVIDENCE_COLUMN)
    changes = {"state": state, "closed_on": day, "evidence": evidence}
    case = await repository.change(session, case_id, changes)
    await _told(session, context, caller, case, "close", day)
    await end_care(session, context, caller, case, kept, on=day, reason="cured")
    return answer(case, context, person_id=kept)


async def withdraw(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    case_id: UUID,
    body: WithdrawRequest,
) -> CaseAnswer:
    """Take back a case that was entered in error; whom it took out of a risk's care is in it again.

    Raises:
        CaseUnknown, CaseStepRefused, CaseWrong.
    """
    case, kept = await _locked(session, context, caller, case_id)
    day = body.on or business_date(context.clock.now())
    await _check_day(session, context, case, day, "on")
    managed = case.state == "managed"
    case = await repository.change(session, case_id, {"state": _next(case, "withdraw")})
    await _told(session, context, caller, case, "withdraw", day)
    if managed:
        await end_care(session, context, caller, case, kept, on=day, reason="entered_in_error")
    await back_at_risk(session, context, caller, kept, case.disease, case.found_on)
    await plan_person(session, context, kept, at=context.clock.now())
    return answer(case, context, person_id=kept)


async def _locked(
    session: WriteSession, context: ServiceContext, caller: Principal, case_id: UUID
) -> tuple[DiseaseCase, str]:
    case = await visible_case(session, context, caller, case_id)
    kept = await people.lock(session, case.person_id)
    return await visible_case(session, context, caller, case_id), kept


def _next(case: DiseaseCase, step: CaseStep) -> CaseState:
    try:
        return after(cast("CaseState", case.state), step)
    except CaseStepNotAllowed:
        raise CaseStepRefused(
            f"the case is {case.state}; found, then managed by a plan, then cured and closed"
        ) from None


async def _check_day(
    session: ReadSession, context: ServiceContext, case: DiseaseCase, day: date, field: str
) -> None:
    _not_in_future(day, business_date(context.clock.now()), field)
    latest = await repository.latest_day(session, case.case_id)
    if day < latest:
        raise wrong(
            field,
            "before_last_step",
            f"the step before is dated {latest}; give that day or a later one",
            f"上一步日期为 {latest}；请填写该日或之后的日期",
        )


def _not_in_future(day: date, today: date, field: str) -> None:
    if day > today:
        raise wrong(
            field,
            "in_the_future",
            "the day cannot be after today; give the day on which it happened",
            "日期不能晚于今天；请填写实际发生日期",
        )


async def _told(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    case: DiseaseCase,
    step: str,
    day: date,
) -> None:
    """Keep the step, log it and tell it."""
    now = context.clock.now()
    state = cast("CaseState", case.state)
    await repository.add_step(
        session,
        case.case_id,
        {
            "step": step,
            "state": state,
            "on": day,
            "recorded_by": caller.client_id,
            "organisation": caller.organisation,
            "recorded_at": now,
        },
    )
    await log(session, context, caller, case, f"disease_case.{state}")
    payload: dict[str, Any] = {
        "case_id": str(case.case_id),
        "person_id": case.person_id,
        "disease": case.disease,
        "batches": programme_of(context).batches_of(case.disease),
        "effective_on": day,
        "township": case.township,
        "village": case.village,
    }
    await outbox.record(
        session,
        _EVENTS[state](**payload),
        subject=str(case.case_id),
        sequence=await people.next_version(session, case.person_id),
        occurred_at=now,
    )
