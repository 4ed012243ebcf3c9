"""HTTP: figures that their owners enter."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Query, UploadFile

from services.reporting.entries import repository, service
from services.reporting.entries.domain import State, Wanted
from services.reporting.entries.schemas import (
    EntryAnswer,
    EntryList,
    EntryRequest,
    WithdrawRequest,
    answer,
)
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor
from shared.http.problem import TooLarge
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["entered figures"])

Enterer = Annotated[Principal, requires("reporting:close")]
Confirmer = Annotated[Principal, requires("reporting:accept")]

_403: dict[int | str, dict[str, Any]] = {403: {"description": "`area_not_yours`"}}
_STEP: dict[int | str, dict[str, Any]] = {
    **_403,
    404: {"description": "`entry_not_found`"},
    409: {"description": "`entry_step_not_allowed`, `same_person_twice`"},
}


@router.post(
    "/indicator-entries",
    status_code=201,
    summary="Enter a figure that no service can tell",
    responses={
        **_403,
        404: {"description": "`area_unknown`"},
        409: {"description": "`entry_overlaps`: the standing one's `entry_id` is told"},
        422: {"description": "`entry_invalid`"},
    },
)
async def enter(
    body: EntryRequest, caller: Enterer, session: Writes, context: Context
) -> EntryAnswer:
    """With numerator, denominator and evidence; it counts when somebody else has confirmed it."""
    return answer(await service.enter(session, context, caller, Wanted(**body.model_dump())))


@router.post(
    "/indicator-entries/imports",
    status_code=201,
    summary="Enter figures from a CSV file: every row or none",
    responses={
        422: {"description": "`entry_file_unreadable`; `entry_invalid`: each fault names its row"}
    },
)
async def enter_file(
    caller: Enterer,
    session: Writes,
    context: Context,
    file: Annotated[
        UploadFile,
        File(
            description="CSV in UTF-8 or GBK with the columns code 指标, period 时段, area 乡镇,"
            " numerator 分子, denominator 分母, stated 比率, evidence 依据"
        ),
    ],
) -> EntryList:
    """Each row as by `POST /indicator-entries`."""
    limit_bytes = context.settings.max_upload_bytes
    content = await file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise TooLarge(f"send at most {limit_bytes} bytes; split the file")
    made = await service.enter_file(session, context, caller, content)
    return EntryList(items=[answer(each) for each in made])


@router.get("/indicator-entries", summary="Entered figures, oldest first")
async def entries(
    _caller: Annotated[Principal, requires("reporting:read")],
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    code: Annotated[str | None, Query(max_length=48, examples=["insurance_coverage"])] = None,
    period: Annotated[str | None, Query(max_length=10, examples=["2016-H1"])] = None,
    state: Annotated[State | None, Query()] = None,
) -> EntryList:
    """Withdrawn ones too; they hold no person."""
    after = None if cursor is None else UUID(str(decode_cursor(cursor, parts=1)[0]))
    found = await repository.page(
        session,
        context.region.region_code,
        code=code,
        state=state,
        period=period,
        after=after,
        limit=limit + 1,
    )
    shown = found[:limit]
    following = encode_cursor(str(shown[-1].entry_id)) if len(found) > limit else None
    return EntryList(items=[answer(each) for each in shown], next_cursor=following)


@router.post(
    "/indicator-entries/{entry_id}/confirm",
    summary="Confirm somebody else's figure",
    responses=_STEP,
)
async def confirm(
    entry_id: UUID, caller: Confirmer, session: Writes, context: Context
) -> EntryAnswer:
    """It counts from now on."""
    return answer(await service.confirm(session, context, caller, entry_id))


@router.post("/indicator-entries/{entry_id}/withdraw", summary="Withdraw a figure", responses=_STEP)
async def withdraw(
    entry_id: UUID, body: WithdrawRequest, caller: Enterer, session: Writes, context: Context
) -> EntryAnswer:
    """It counts no longer, with the reason kept; a signed month keeps what it had."""
    return answer(await service.withdraw(session, context, caller, entry_id, body.reason))
