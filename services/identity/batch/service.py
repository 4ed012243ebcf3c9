"""Use case: a list of visits, matched as the window would, given back and not kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from services.identity.batch.domain import Matched
from services.identity.batch.matching import match_rows
from services.identity.batch.workbook import read_visits, write_visits
from services.identity.guessing.service import list_limited
from shared.http.problem import Forbidden
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

MOST_ROWS_OF_PAGE = 5_000
MOST_ROWS = 200_000
_CHUNK_ROWS = 100
"""Rows of one database transaction: progress is told after each."""


class BatchNeedsTheCounty(Forbidden):
    """A list tells who is on the registry of the whole county."""

    code = "batch_needs_the_county"
    title = "Only an office of the whole county may match lists"
    title_zh = "只有县(区)级部门可以批量识别"


@dataclass
class Progress:
    """How far a list is."""

    stage: str = "reading"
    done: int = 0
    total: int = 0
    grades: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Result:
    """The workbook with grades, and how many rows have which."""

    content: bytes
    rows: int
    grades: dict[str, int]


def _nothing() -> None:
    """Nobody watches."""


async def match_file(
    context: ServiceContext,
    caller: Principal,
    content: bytes,
    *,
    max_rows: int = MOST_ROWS_OF_PAGE,
    english: bool = False,
    progress: Progress | None = None,
    moved: Callable[[], None] = _nothing,
) -> Result:
    """Match every row of a workbook; neither recognitions nor the result are kept, the use is.

    Args:
        context: of the service.
        caller: an office of the whole county.
        content: an ``.xlsx`` file.
        max_rows: the most that is taken.
        english: the language of the added columns.
        progress: is moved on as rows are done.
        moved: called each time it was.

    Raises:
        BatchNeedsTheCounty: the caller is a hospital or a township.
        VisitsUnreadable, VisitsTooLong: the file as a whole.
        TooManyUnknown: the caller's lists found nobody too often; nothing of this one is told.
    """
    if not caller.of_county:
        raise BatchNeedsTheCounty("ask an office of the county")
    progress = progress or Progress()
    visits = await asyncio.to_thread(read_visits, content, max_rows=max_rows)
    progress.stage, progress.total = "matching", len(visits.questions)
    moved()
    found: list[Matched] = []
    async with list_limited(context, caller) as limit:
        for start in range(0, len(visits.questions), _CHUNK_ROWS):
            limit.check()
            some = visits.questions[start : start + _CHUNK_ROWS]
            async with context.db.reading() as session:
                matched = await match_rows(session, context, some)
            await limit.count(
                sum(one.found_nobody for one in matched),
                [one.person_id for one in matched if one.person_id is not None],
            )
            found += matched
            progress.done = len(found)
            progress.grades.update(one.grade or "unasked" for one in matched)
            moved()
    async with context.db.writing() as session:
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="batch.matched",
            subject="batch",
            at=context.clock.now(),
            detail={"rows": len(found), "grades": dict(progress.grades)},
        )
    progress.stage = "writing"
    moved()
    written = await asyncio.to_thread(write_visits, visits, found, english=english)
    progress.stage = "done"
    moved()
    return Result(written, len(found), dict(progress.grades))
