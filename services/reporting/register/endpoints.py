"""HTTP: the register 台账."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from services.reporting.register import opening, reading, service
from services.reporting.register.access import county_only
from services.reporting.register.answering import answer, cursor_after, position_of
from services.reporting.register.domain import Kind, Status
from services.reporting.register.schemas import (
    CheckRequest,
    EvidenceRequest,
    ItemAnswer,
    ItemList,
    LoadTasksRequest,
    OpenedAnswer,
    OpenRequest,
    PaperAnswer,
    ReasonRequest,
    RedLightsRequest,
    ResponsibleAnswer,
    SubmitRequest,
    TaskAnswer,
    TaskListAnswer,
    TaskLists,
    UpdateRequest,
)
from services.reporting.register.service import Change, Wanted
from services.reporting.register.tasks import TaskList, task_lists
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["register"])

Reader = Annotated[Principal, requires("reporting:read")]
Keeper = Annotated[Principal, requires("reporting:register")]
Checker = Annotated[Principal, requires("reporting:register-check")]

_404: dict[int | str, dict[str, Any]] = {404: {"description": "`register_item_not_found`"}}
_STEP: dict[int | str, dict[str, Any]] = {
    **_404,
    409: {"description": "`register_step_not_allowed`"},
    422: {
        "description": "`register_item_invalid`: its errors tell `cause_required` (KZ-23),"
        " `evidence_required` and `evidence_file_required` (LP-70), `reason_required`, `deadline_past`"
    },
}
_CHECK = {
    **_STEP,
    409: {"description": "`register_step_not_allowed`, `same_person_twice`"},
}


@router.post(
    "/register-items",
    status_code=201,
    summary="Open an item",
    responses={
        403: {"description": "`area_not_yours`"},
        404: {"description": "`area_unknown`"},
        422: {"description": "`register_item_invalid`: `lead_invalid`, `cause_required`"},
    },
)
async def open_item(
    body: OpenRequest, caller: Keeper, session: Writes, context: Context
) -> ItemAnswer:
    """With an owner and a deadline (LP-70)."""
    wanted = Wanted(
        kind="manual",
        title=body.title,
        responsible=service.led_by(body.mode, [body.owner, *body.further], body.participants),
        deadline=body.deadline,
        area=body.area,
        problem=body.problem,
        measures=body.measures,
        cause=body.cause,
        citation=body.citation,
        file_required=body.file_required,
    )
    return answer(context, await service.open_item(session, context, caller, wanted))


@router.get("/register-items", summary="Items, the earliest deadline first")
async def items(
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    status: Annotated[list[Status] | None, Query(description="one or several")] = None,
    kind: Annotated[Kind | None, Query()] = None,
    area: Annotated[str | None, Query(max_length=130, examples=["永和镇"])] = None,
    overdue: Annotated[bool, Query(description="only those that are late today")] = False,
) -> ItemList:
    """A township sees its own, the county every one."""
    found = await reading.listed(
        session,
        context,
        caller,
        statuses=status or (),
        kind=kind,
        area=area,
        overdue=overdue,
        after=position_of(cursor),
        limit=limit + 1,
    )
    shown = found[:limit]
    return ItemList(
        items=[answer(context, each) for each in shown],
        next_cursor=cursor_after(shown[-1]) if len(found) > limit else None,
    )


@router.post(
    "/register-items/red-lights",
    status_code=201,
    summary="Open what is red in a month's figures",
    responses={422: {"description": "`register_item_invalid`: `month_not_over`"}},
)
async def red_lights(
    body: RedLightsRequest, caller: Keeper, session: Writes, context: Context
) -> OpenedAnswer:
    """Done by itself when a month is signed; of one that is not signed, at once. Twice is once."""
    county_only(caller)
    opened, noted = await opening.open_red_lights(session, context, caller, body.month)
    return OpenedAnswer(
        opened=[answer(context, each) for each in opened],
        noted=[answer(context, each) for each in noted],
    )


@router.post(
    "/register-items/reform-tasks",
    status_code=201,
    summary="Open an item for each task of a reform document",
    responses={
        404: {"description": "`task_list_unknown`"},
        422: {"description": "`register_item_invalid`: the document sets no deadline"},
    },
)
async def load_tasks(
    body: LoadTasksRequest, caller: Keeper, session: Writes, context: Context
) -> OpenedAnswer:
    """With the leads as the document shares the work; twice is once."""
    county_only(caller)
    opened, known = await opening.load_tasks(
        session, context, caller, body.task_list, body.deadline
    )
    return OpenedAnswer(opened=[answer(context, each) for each in opened], known=known)


@router.get("/reform-tasks", summary="The lists of reform tasks that there are")
async def reform_tasks(_caller: Reader) -> TaskLists:
    """As the documents name them; who leads is told by the list's mode."""
    return TaskLists(items=[_list(each) for each in task_lists().values()])


@router.get("/register-items/{item_id}", summary="One item", responses=_404)
async def item(item_id: UUID, caller: Reader, session: Reads, context: Context) -> ItemAnswer:
    """With every step that was taken."""
    return answer(context, await reading.read(session, context, caller, item_id))


@router.post("/register-items/{item_id}/update", summary="Say how it goes", responses=_STEP)
async def update(
    item_id: UUID, body: UpdateRequest, caller: Keeper, session: Writes, context: Context
) -> ItemAnswer:
    """A late item needs its cause; a deadline is moved for a reason and never forgotten."""
    change = Change(
        body.note,
        body.cause,
        body.measures,
        body.deadline,
        None if body.participants is None else tuple(body.participants),
    )
    return answer(context, await service.update(session, context, caller, item_id, change))


@router.post(
    "/register-items/{item_id}/evidence",
    status_code=201,
    summary="Record what shows that the work is done",
    responses=_STEP,
)
async def evidence(
    item_id: UUID, body: EvidenceRequest, caller: Keeper, session: Writes, context: Context
) -> ItemAnswer:
    """Words and the paper's number; the paper stays where it is. A file: `…/evidence-files`."""
    found = await service.add_evidence(
        session,
        context,
        caller,
        item_id,
        description=body.description,
        document=body.document or None,
        cause=body.cause,
    )
    return answer(context, found)


@router.post(
    "/register-items/{item_id}/submit", summary="Ask for the closing check", responses=_STEP
)
async def submit(
    item_id: UUID,
    caller: Keeper,
    session: Writes,
    context: Context,
    body: SubmitRequest | None = None,
) -> ItemAnswer:
    """With evidence on record."""
    body = body or SubmitRequest()
    found = await service.submit(
        session, context, caller, item_id, note=body.note, cause=body.cause
    )
    return answer(context, found)


@router.post("/register-items/{item_id}/close", summary="Check and close 销号", responses=_CHECK)
async def close(
    item_id: UUID,
    caller: Checker,
    session: Writes,
    context: Context,
    body: CheckRequest | None = None,
) -> ItemAnswer:
    """By somebody who neither recorded evidence nor submitted it."""
    note = None if body is None else body.note
    return answer(context, await service.close(session, context, caller, item_id, note=note))


@router.post("/register-items/{item_id}/return", summary="Send it back", responses=_CHECK)
async def send_back(
    item_id: UUID, body: ReasonRequest, caller: Checker, session: Writes, context: Context
) -> ItemAnswer:
    """The check found it not done; the deadline stands."""
    return answer(
        context, await service.send_back(session, context, caller, item_id, note=body.note)
    )


@router.post(
    "/register-items/{item_id}/withdraw",
    summary="Take out an item that was opened in error",
    responses=_CHECK,
)
async def withdraw(
    item_id: UUID, body: ReasonRequest, caller: Checker, session: Writes, context: Context
) -> ItemAnswer:
    """By somebody else than its opener; it stays in the register."""
    return answer(
        context, await service.withdraw(session, context, caller, item_id, note=body.note)
    )


def _list(tasks: TaskList) -> TaskListAnswer:
    return TaskListAnswer(
        task_list=tasks.code,
        title=tasks.title,
        issued_on=tasks.issued_on,
        deadline=tasks.deadline,
        citation=tasks.citation,
        tasks=[
            TaskAnswer(
                no=task.no,
                title=task.title,
                group=task.group,
                responsible=ResponsibleAnswer(**asdict(task.responsible)),
                note=task.note,
                paper=PaperAnswer(**task.paper.model_dump()) if task.paper else None,
            )
            for task in tasks.tasks
        ],
    )
