"""HTTP: the disease register."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.cursors import after_id
from services.contracts.diseases import changing, service
from services.contracts.diseases.domain import CaseState
from services.contracts.diseases.schemas import (
    BatchAnswer,
    BatchList,
    CaseAnswer,
    CaseDetail,
    CaseList,
    CaseRequest,
    CloseRequest,
    DiseaseAnswer,
    PlanRequest,
    WithdrawRequest,
)
from services.contracts.programme.service import programme_of
from shared.db.session import Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["disease register"])
Reader = Annotated[Principal, requires("contracts:read")]
Writer = Annotated[Principal, requires("contracts:write")]
_FAULTS: dict[int | str, dict[str, object]] = {
    404: {"description": "`disease_case_unknown`"},
    409: {"description": "`step_not_allowed`: found, managed by a plan, cured and closed"},
    422: {"description": "a day in the future or before the step before, or missing evidence"},
}


@router.get("/disease-lists", summary="The batches of diseases and what stands on them")
async def disease_lists(_caller: Reader, context: Context) -> BatchList:
    """Each list with its document; `assumed` where the document names no diseases."""
    programme = programme_of(context)
    return BatchList(
        items=[
            BatchAnswer(
                batch=code,
                name_zh=batch.zh,
                name_en=batch.en,
                size=batch.size,
                citation=batch.citation,
                assumed=batch.assumed,
                diseases=[
                    DiseaseAnswer(
                        disease=each,
                        name_zh=programme.diseases[each].zh,
                        name_en=programme.diseases[each].en,
                        icd10=list(programme.diseases[each].icd10),
                    )
                    for each in batch.diseases
                ],
            )
            for code, batch in programme.batches.items()
        ]
    )


@router.post(
    "/disease-cases",
    status_code=201,
    summary="A registered person's disease was found",
    responses={
        404: {"description": "`person_unknown`"},
        409: {"description": "`disease_case_open_already`"},
        422: {"description": "unknown disease, a day in the future, a grade below the list's"},
    },
)
async def find(body: CaseRequest, caller: Writer, session: Writes, context: Context) -> CaseAnswer:
    """One open case per person and disease."""
    return await changing.find(session, context, caller, body)


@router.get("/disease-cases", summary="The register by disease, batch, state or person")
async def list_cases(
    caller: Reader,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    status: Annotated[CaseState | None, Query()] = None,
    disease: Annotated[str | None, Query(max_length=32)] = None,
    batch: Annotated[
        str | None, Query(max_length=32, description="major_14, serious_34, chronic_4")
    ] = None,
    person_id: Annotated[str | None, Query(max_length=64)] = None,
) -> CaseList:
    """The caller's cases in the order of entry; the reading is logged."""
    items, following = await service.page(
        session,
        context,
        caller,
        state=status,
        disease=disease,
        batch=batch,
        person_id=person_id,
        limit=limit,
        after=after_id(cursor),
    )
    return CaseList(items=items, next_cursor=encode_cursor(str(following)) if following else None)


@router.get(
    "/disease-cases/{case_id}",
    summary="One case with its plan, evidence and history",
    responses={404: {"description": "`disease_case_unknown`"}},
)
async def get_case(case_id: UUID, caller: Reader, session: Writes, context: Context) -> CaseDetail:
    """The reading is logged."""
    return await service.one(session, context, caller, case_id)


@router.post(
    "/disease-cases/{case_id}/manage",
    summary="Manage a case by a plan of the person's own, or change the plan",
    responses=_FAULTS,
)
async def manage(
    case_id: UUID, body: PlanRequest, caller: Writer, session: Writes, context: Context
) -> CaseAnswer:
    """The first plan makes a found case a managed one (一人一策); earlier versions are kept."""
    return await changing.manage(session, context, caller, case_id, body)


@router.post(
    "/disease-cases/{case_id}/close", summary="Close a cured case (销号)", responses=_FAULTS
)
async def close(
    case_id: UUID, body: CloseRequest, caller: Writer, session: Writes, context: Context
) -> CaseAnswer:
    """Only when cured, and never without its evidence (XB-41)."""
    return await changing.close(session, context, caller, case_id, body)


@router.post(
    "/disease-cases/{case_id}/withdraw",
    summary="Take back a case that was entered in error",
    responses=_FAULTS,
)
async def withdraw(
    case_id: UUID, body: WithdrawRequest, caller: Writer, session: Writes, context: Context
) -> CaseAnswer:
    """It counts nowhere any more; its history stays."""
    return await changing.withdraw(session, context, caller, case_id, body)
