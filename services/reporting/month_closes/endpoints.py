"""HTTP: closing months."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.reporting.month_closes import (
    cuts_repository,
    file,
    reading,
    repository,
    rows_repository,
    service,
    signing,
)
from services.reporting.month_closes.domain import KIND_WORDS, Close, Status, due_on
from services.reporting.month_closes.schemas import (
    ChangeList,
    CloseAnswer,
    CloseList,
    CloseSummary,
    CreateRequest,
    KeyList,
    Month,
    NoteRequest,
    ReopeningAnswer,
    ReopenRequest,
    ReturnRequest,
    RowAnswer,
    RowList,
    StepAnswer,
    SubmitRequest,
    TownshipAnswer,
)
from services.reporting.settings import settings_of
from shared.clock import SHANGHAI, business_date
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["month closes"])

Reader = Annotated[Principal, requires("reporting:read")]
Closer = Annotated[Principal, requires("reporting:close")]
Accepter = Annotated[Principal, requires("reporting:accept")]
Signer = Annotated[Principal, requires("reporting:sign")]

_404: dict[int | str, dict[str, Any]] = {404: {"description": "`month_close_not_found`"}}
_STEP: dict[int | str, dict[str, Any]] = {
    **_404,
    403: {"description": "`township_not_yours`"},
    409: {"description": "`month_close_step_not_allowed`"},
}


@router.post(
    "/month-closes",
    status_code=201,
    summary="Cut a month's rows and begin its closing",
    responses={
        409: {"description": "`month_close_exists`: its `close_id` is told"},
        422: {"description": "`month_not_over`"},
    },
)
async def create(
    body: CreateRequest, caller: Closer, session: Writes, context: Context
) -> CloseAnswer:
    """Every row behind every figure is kept as it stands now; townships look at it and submit."""
    return _answer(context, await service.create(session, context, caller, body.month))


@router.get("/month-closes", summary="Month closes, oldest first")
async def closes(
    _caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    month: Annotated[Month | None, Query(examples=["2016-05"])] = None,
    status: Annotated[Status | None, Query()] = None,
) -> CloseList:
    """Reopened ones are shown too: they were signed once."""
    after = None if cursor is None else UUID(str(decode_cursor(cursor, parts=1)[0]))
    found = await repository.find(
        session,
        region=context.region.region_code,
        month=month,
        status=status,
        after=after,
        limit=limit + 1,
    )
    shown = found[:limit]
    return CloseList(
        items=[CloseSummary(**_summary(context, each)) for each in shown],
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.get("/month-close-keys", summary="Public keys that signed months")
async def keys(_caller: Reader, session: Writes, context: Context) -> KeyList:
    """Keep them elsewhere, and verify files without the service."""
    ring = signing.ring_of(session, context)
    await ring.signing_key(context.clock.now())
    return KeyList(keys=await ring.public_keys())


@router.get("/month-closes/{close_id}", summary="One month close", responses=_404)
async def close(close_id: UUID, _caller: Reader, session: Reads, context: Context) -> CloseAnswer:
    """Its figures, steps, who submitted in time, and what it corrects of earlier months."""
    return _answer(context, await reading.visible(session, context, close_id))


@router.post(
    "/month-closes/{close_id}/refresh",
    summary="Cut the month's rows anew before it is signed",
    responses=_STEP,
)
async def refresh(close_id: UUID, caller: Closer, session: Writes, context: Context) -> CloseAnswer:
    """Townships whose rows changed submit again; the county accepts again."""
    return _answer(context, await service.refresh(session, context, caller, close_id))


@router.post(
    "/month-closes/{close_id}/submit",
    summary="A township submits its figures",
    responses={**_STEP, 422: {"description": "`township_unknown`"}},
)
async def submit(
    close_id: UUID,
    caller: Closer,
    session: Writes,
    context: Context,
    body: SubmitRequest | None = None,
) -> CloseAnswer:
    """Each its own; the county may submit for one, or for all that are missing."""
    body = body or SubmitRequest()
    return _answer(
        context,
        await service.submit(
            session, context, caller, close_id, township=body.township, note=body.note
        ),
    )


@router.post(
    "/month-closes/{close_id}/return",
    summary="The county returns a township's figures with a reason",
    responses={**_STEP, 422: {"description": "`township_unknown`"}},
)
async def give_back(
    close_id: UUID, body: ReturnRequest, caller: Accepter, session: Writes, context: Context
) -> CloseAnswer:
    """The month is a draft again; the others' submissions stand."""
    return _answer(
        context,
        await service.give_back(
            session, context, caller, close_id, township=body.township, reason=body.reason
        ),
    )


@router.post("/month-closes/{close_id}/accept", summary="The county accepts", responses=_STEP)
async def accept(
    close_id: UUID,
    caller: Accepter,
    session: Writes,
    context: Context,
    body: NoteRequest | None = None,
) -> CloseAnswer:
    """When every township has submitted."""
    note = None if body is None else body.note
    return _answer(context, await service.accept(session, context, caller, close_id, note))


@router.post("/month-closes/{close_id}/sign", summary="The director signs", responses=_STEP)
async def sign(
    close_id: UUID,
    caller: Signer,
    session: Writes,
    context: Context,
    body: NoteRequest | None = None,
) -> CloseAnswer:
    """The month is closed: numbered, hashed and signed; what comes later corrects the next one."""
    note = None if body is None else body.note
    return _answer(context, await signing.sign(session, context, caller, close_id, note))


@router.post(
    "/month-closes/{close_id}/reopen",
    summary="Reopen a signed month: one asks, another does it",
    responses={
        **_404,
        403: {"description": "`township_not_yours`"},
        409: {
            "description": "`month_close_step_not_allowed`, `same_person_twice`,"
            " `month_adjusted_already`"
        },
    },
)
async def reopen(
    close_id: UUID, body: ReopenRequest, caller: Closer, session: Writes, context: Context
) -> CloseAnswer:
    """The first call leaves it closed and tells who asked; a second person's call reopens it."""
    return _answer(context, await signing.reopen(session, context, caller, close_id, body.reason))


@router.get(
    "/month-closes/{close_id}/records", summary="Every row behind the figures", responses=_404
)
async def records(
    close_id: UUID,
    caller: Reader,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    dataset: Annotated[str | None, Query(max_length=16, examples=["settled"])] = None,
    corrections: Annotated[
        bool | None, Query(description="only corrections of earlier months, or none of them")
    ] = None,
) -> RowList:
    """As they were cut; a township sees its own people's. Each look is logged."""
    found = await reading.visible(session, context, close_id)
    rows = await rows_repository.page_of_rows(
        session,
        close_id,
        found.cut,
        township=reading.rows_shown_to(caller),
        dataset=dataset,
        corrections=corrections,
        after=None if cursor is None else _texts(cursor, 3),
        limit=limit + 1,
    )
    shown = rows[:limit]
    await reading.note_look(session, context, caller, found, "records", len(shown))
    last = shown[-1] if len(rows) > limit else None
    return RowList(
        items=[_row(row) for row in shown],
        next_cursor=last and encode_cursor(last["of_month"], last["dataset"], last["record_id"]),
    )


@router.get(
    "/month-closes/{close_id}/changes",
    summary="What changed since it was approved",
    responses=_404,
)
async def changes(
    close_id: UUID,
    caller: Reader,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
) -> ChangeList:
    """Rows that are late, changed or withdrawn since the cut that the caller's township stood by.

    For the county: since whoever approved last. Of a signed month: what the next will correct.
    """
    found = await reading.visible(session, context, close_id)
    township = reading.rows_shown_to(caller)
    cut = reading.approved_cut(found, township)
    rows = await cuts_repository.changes_since(
        session,
        found,
        cut,
        reading.scope_of_cut(found),
        township=township,
        after=None if cursor is None else _texts(cursor, 2),
        limit=limit + 1,
    )
    shown = rows[:limit]
    await reading.note_look(session, context, caller, found, "changes", len(shown))
    last = shown[-1] if len(rows) > limit else None
    return ChangeList(
        items=[_row(row) for row in shown],
        next_cursor=last and encode_cursor(last["dataset"], last["record_id"]),
        approved_cut=cut,
        approved_at=reading.cut_at(found, cut).astimezone(SHANGHAI),
    )


@router.get(
    "/month-closes/{close_id}/file",
    summary="The signed file",
    response_class=Response,
    responses={
        **_404,
        200: {"content": {file.MEDIA_TYPE: {"schema": {"type": "string"}}}},
        409: {"description": "`month_not_signed`"},
    },
)
async def signed_file(
    close_id: UUID, caller: Reader, session: Writes, context: Context
) -> Response:
    """For the county: `yizhan reporting verify-close` checks it without the service."""
    found = await reading.visible(session, context, close_id)
    return await signing.as_download(session, context, caller, found)


def _texts(cursor: str, parts: int) -> Any:
    return tuple(str(each) for each in decode_cursor(cursor, parts=parts))


def _row(row: Any) -> RowAnswer:
    values = dict(row)
    values.setdefault("of_month", None)
    return RowAnswer(**values, kind_zh=KIND_WORDS[row["kind"]])


def _summary(context: ServiceContext, found: Close) -> dict[str, Any]:
    return {
        "close_id": str(found.id),
        "month": found.month,
        "number": found.number,
        "revision": found.revision,
        "status": found.status,
        "provisional": found.status not in {"closed", "reopened"},
        "cut": found.cut,
        "cut_at": found.cut_at.astimezone(SHANGHAI),
        "due_on": due_on(found.month, settings_of(context).close_due_day),
        "closed_at": found.closed_at and found.closed_at.astimezone(SHANGHAI),
        "sha256": found.sha256,
    }


def _answer(context: ServiceContext, found: Close) -> CloseAnswer:
    due = due_on(found.month, settings_of(context).close_due_day)
    submitted, returned = found.submissions(), found.returned()
    return CloseAnswer(
        **_summary(context, found),
        townships=[
            TownshipAnswer(
                township=name,
                submitted_at=step.done_at.astimezone(SHANGHAI) if step else None,
                submitted_by=step.done_by if step else None,
                in_time=business_date(step.done_at) <= due if step else None,
                returned_because=returned[name].note if name in returned else None,
            )
            for name in service.townships_of(context)
            for step in (submitted.get(name),)
        ],
        steps=[
            StepAnswer(
                step=step.step,
                township=step.township,
                cut=step.cut,
                done_at=step.done_at.astimezone(SHANGHAI),
                done_by=step.done_by,
                note=step.note,
            )
            for step in found.steps
        ],
        reopening=None if found.reopening is None else ReopeningAnswer(**found.reopening),
        figures=found.figures,
    )
