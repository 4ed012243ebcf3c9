"""``/identity/batch``: last month's outpatients in, the same list with grades out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.identity.batch import service
from services.identity.batch.service import MOST_ROWS_OF_PAGE, Progress
from services.identity.batch.workbook import MEDIA_TYPE
from services.identity.screens.kit import PageRoute, render, said
from shared.http.problem import Problem, TooLarge
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import CLOSES_FILES, Said, faults_of, told, uploaded
from shared.web.language import Language, language_of
from shared.web.signin.required import signed_in

_STATE = "identity.batches"

router = APIRouter(
    prefix="/batch",
    route_class=PageRoute,
    dependencies=[CLOSES_FILES],
    include_in_schema=False,
)

Caller = Annotated[Principal, signed_in("identity:persons")]


@router.get("")
async def form(request: Request, caller: Caller) -> Response:  # noqa: ARG001 - the right
    """The form."""
    return _page(request)


@router.post("")
async def match(request: Request, caller: Caller, context: Context) -> Response:
    """The workbook itself is the answer: nothing of it stays here."""
    file = await uploaded(request, "file")
    if file is None:
        return _page(request, faults={"file": said("batch.file.missing")}, status=422)
    running = _running(context)
    if caller.client_id in running:
        return _page(request, faults={"file": said("batch.busy")}, status=409)
    limit_bytes = context.settings.max_upload_bytes
    content = await file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise TooLarge(f"send at most {limit_bytes} bytes; split the list")
    progress = running[caller.client_id] = Progress()
    try:
        result = await service.match_file(
            context,
            caller,
            content,
            english=language_of(request) is Language.EN,
            progress=progress,
        )
    except Problem as problem:
        faults = faults_of(problem)
        return _page(
            request,
            faults=faults,
            problem=None if "file" in faults else told(problem),
            status=problem.status,
        )
    finally:
        running.pop(caller.client_id, None)
    day = context.clock.now().strftime("%Y%m%d-%H%M")
    return Response(
        result.content,
        media_type=MEDIA_TYPE,
        headers={
            "content-disposition": f'attachment; filename="matched-{day}.xlsx"',
            "cache-control": "no-store",
        },
    )


@router.get("/progress")
async def progress(request: Request, caller: Caller, context: Context) -> Response:
    """How far the caller's own list is; empty where this process has none of his."""
    return render(request, "batch_progress.html", {"one": _running(context).get(caller.client_id)})


def _page(
    request: Request,
    *,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    values = {"most": MOST_ROWS_OF_PAGE, "faults": faults or {}, "problem": problem}
    return render(request, "batch.html", values, status=status)


def _running(context: ServiceContext) -> dict[str, Progress]:
    """Lists that this process is working at, one of a person at a time."""
    found: dict[str, Progress] = context.state.setdefault(_STATE, {})
    return found
