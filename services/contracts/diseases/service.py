"""The disease register as it stands: one case, a page of them."""

from __future__ import annotations

import json
from typing import cast
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act, organisation_of
from services.contracts.diseases import repository
from services.contracts.diseases.domain import (
    CaseState,
    possible,
)
from services.contracts.diseases.schemas import (
    CaseAnswer,
    CaseDetail,
    CaseStepAnswer,
    PlanAnswer,
)
from services.contracts.merges.repository import MERGES
from services.contracts.models import DiseaseCase
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import teams_of
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault, NotFound, Unprocessable
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

PLAN_COLUMN = "disease_plans.plan"
EVIDENCE_COLUMN = "disease_cases.evidence"


class CaseUnknown(NotFound):
    code = "disease_case_unknown"
    title = "There is no such case, or it is not yours to see"
    title_zh = "没有这条患病记录，或您无权查看"


class CaseWrong(Unprocessable):
    """A field contradicts what is known; the fault names the cure."""


async def one(
    session: WriteSession, context: ServiceContext, caller: Principal, case_id: UUID
) -> CaseDetail:
    """One case with plans, evidence and history; the reading is logged.

    Raises:
        CaseUnknown: there is none, or it is another organisation's.
    """
    case = await visible_case(session, context, caller, case_id)
    await log(session, context, caller, case, "disease_case.read")
    kept = await MERGES.kept_of(session, case.person_id)
    vault = context.vault
    plans = []
    for each in await repository.plans_of(session, case_id):
        words = json.loads(vault.decrypt(each.plan, column=PLAN_COLUMN))
        plans.append(PlanAnswer(version=each.version, made_on=each.made_on, **words))
    return CaseDetail(
        **answer(case, context, person_id=kept).model_dump(),
        plans=plans,
        evidence=vault.decrypt(case.evidence, column=EVIDENCE_COLUMN) if case.evidence else None,
        steps=[
            CaseStepAnswer(
                step=each.step,
                status=each.state,
                on=each.on,
                recorded_by=each.recorded_by,
                recorded_at=each.recorded_at,
            )
            for each in await repository.steps_of(session, case_id)
        ],
    )


async def page(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    state: str | None,
    disease: str | None,
    batch: str | None,
    person_id: str | None,
    limit: int,
    after: UUID | None,
) -> tuple[list[CaseAnswer], UUID | None]:
    """One page of the caller's cases, and where the next one begins; the reading is logged.

    Raises:
        CaseWrong: an unknown batch.
        TeamNotYours: the caller answers for no township.
    """
    programme = programme_of(context)
    diseases: tuple[str, ...] | None = None
    if batch is not None:
        found = programme.batches.get(batch)
        if found is None:
            known = ", ".join(programme.batches)
            raise wrong("batch", "unknown_batch", f"write one of: {known}", f"应为: {known}")
        diseases = found.diseases
    if disease is not None:
        diseases = tuple(d for d in diseases if d == disease) if diseases else (disease,)
    rows = await repository.page_of(
        session,
        repository.CaseQuery(
            state=state,
            diseases=diseases,
            person_id=person_id,
            region=context.region.region_code,
            township=_township(context, caller),
            limit=limit,
            after=after,
        ),
    )
    shown = rows[:limit]
    following = shown[-1][0].case_id if len(rows) > limit else None
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="disease_cases.listed",
        subject=person_id or "list",
        at=context.clock.now(),
        detail={"cases": len(shown), "batch": batch, "disease": disease},
    )
    return [answer(case, context, person_id=kept) for case, kept in shown], following


def answer(case: DiseaseCase, context: ServiceContext, *, person_id: str) -> CaseAnswer:
    """The case in the shape of the API."""
    programme = programme_of(context)
    known = programme.diseases.get(case.disease)
    state = cast("CaseState", case.state)
    return CaseAnswer(
        case_id=str(case.case_id),
        person_id=person_id,
        township=case.township,
        village=case.village,
        disease=case.disease,
        disease_zh=known.zh if known else case.disease,
        batches=list(programme.batches_of(case.disease)),
        grade=case.grade,
        care_class=case.care_class,
        status=state,
        found_on=case.found_on,
        managed_on=case.managed_on,
        closed_on=case.closed_on,
        must_be_contracted=known is not None and known.chronic_four,
        next_steps=list(possible(state)),
    )


def _township(context: ServiceContext, caller: Principal) -> str | None:
    """The township whose cases a caller sees; None: the county's."""
    kind, value = organisation_of(caller)
    if kind == "township":
        return value
    if kind == "facility":
        team = teams_of(context).by_code.get(value)
        if team is None or team.township is None:
            raise TeamNotYours
        return team.township
    return None


async def visible_case(
    session: ReadSession, context: ServiceContext, caller: Principal, case_id: UUID
) -> DiseaseCase:
    case = await repository.get(session, case_id)
    if case is None:
        raise CaseUnknown
    team = teams_of(context).for_township(case.township)
    if not may_act(caller, team=team, township=case.township):
        raise CaseUnknown
    return case


async def log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    case: DiseaseCase,
    action: str,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(case.case_id),
        at=context.clock.now(),
        detail={"person_id": case.person_id, "disease": case.disease},
    )


def wrong(field: str, code: str, message: str, message_zh: str) -> CaseWrong:
    return CaseWrong(errors=[FieldFault(field, code, message, message_zh)])
