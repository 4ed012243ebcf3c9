"""Rebuilds as jobs: asked for, made by the worker one at a time, followed meanwhile.

The rebuild itself is one transaction, in which its row becomes ``done``: it cannot say done when
nothing was changed, nor the other way round. A rebuild whose process died still says ``running``
when the lock is free again, and is begun anew.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from services.reporting.rebuild import repository
from services.reporting.rebuild.repository import Job
from services.reporting.rebuild.service import Progress, rebuild_within
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import NotFound, Problem
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.runtime.tasks import alongside
from shared.security import audit
from shared.security.principal import Principal

log = structlog.get_logger(__name__)

_POLL_S = 1.0
_TELL_EVERY_S = 0.5
_MOST_ATTEMPTS = 3
_LISTED = 20
_GIVEN_UP = {
    "code": "given_up",
    "message": "the service ended while it ran, several times; see its log, then ask again",
    "message_zh": "重建期间服务多次中断，数据未作任何更改；请查看日志后重新发起",
}


class RebuildNotFound(NotFound):
    code = "rebuild_not_found"
    title = "There is no such rebuild"
    title_zh = "没有这次重建"


async def ask(session: WriteSession, context: ServiceContext, caller: Principal) -> Job:
    """Queue a rebuild; one that waits or runs already is the answer too."""
    region, now = context.region.region_code, context.clock.now()
    rebuild_id = await repository.queue(
        session,
        rebuild_id=new_id(),
        region=region,
        by=caller.client_id,
        organisation=caller.organisation,
        at=now,
    )
    if rebuild_id is not None:
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="rebuild.asked",
            subject=str(rebuild_id),
            at=now,
            detail={},
        )
        return await required(session, context, rebuild_id)
    under_way = await repository.under_way(session, region)
    if under_way is None:
        # It ended between the two statements.
        return await ask(session, context, caller)
    return under_way


async def required(session: ReadSession, context: ServiceContext, rebuild_id: UUID) -> Job:
    """A rebuild.

    Raises:
        RebuildNotFound
    """
    job = await repository.get(session, context.region.region_code, rebuild_id)
    if job is None:
        raise RebuildNotFound
    return job


async def latest(session: ReadSession, context: ServiceContext) -> list[Job]:
    """The newest first."""
    return await repository.newest(session, context.region.region_code, _LISTED)


async def run_rebuilds(context: ServiceContext) -> None:
    """The worker's job: make what was asked for, for as long as it runs."""
    while True:
        async with context.db.reading() as session:
            waiting = await repository.under_way(session, context.region.region_code)
        if waiting is None or not await run_next(context):
            await asyncio.sleep(_POLL_S)


async def run_next(context: ServiceContext) -> bool:
    """Make the rebuild that waits; False when none does, or another process is at it."""
    async with context.db.alone("reporting.rebuilds") as mine:
        if not mine:
            return False
        async with context.db.writing() as session:
            job = await repository.begin(session, context.region.region_code, context.clock.now())
        if job is None:
            return False
        await _run(context, job)
        return True


async def _run(context: ServiceContext, job: Job) -> None:
    if job.attempts > _MOST_ATTEMPTS:
        await _fail(context, job, _GIVEN_UP)
        return
    progress = Progress()
    try:
        async with (
            alongside(_tell(context, job, progress)),
            context.db.writing() as session,
        ):
            await rebuild_within(
                session,
                context,
                rebuild_id=job.rebuild_id,
                requested_by=job.requested_by,
                organisation=job.organisation or f"region:{job.region}",
                progress=progress,
            )
    except Problem as problem:
        log.warning("rebuild_failed", code=problem.code, detail=problem.detail)
        message = problem.title if problem.detail is None else problem.detail
        fault = {"code": problem.code, "message": message, "message_zh": problem.title_zh}
        await _fail(context, job, fault)


async def _fail(context: ServiceContext, job: Job, fault: dict[str, str]) -> None:
    async with context.db.writing() as session:
        await repository.fail(session, job.rebuild_id, context.clock.now(), fault)


async def _tell(context: ServiceContext, job: Job, progress: Progress) -> None:
    """Note from time to time how far it is, beside the rebuild's own transaction."""
    while not progress.ending:
        async with context.db.writing() as session:
            await repository.note_progress(session, job.rebuild_id, progress.phase, progress.events)
        await asyncio.sleep(_TELL_EVERY_S)
