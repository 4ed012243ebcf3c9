"""The worker's job: take stale sums anew, a moment after each change; and whether they are right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from services.reporting.figures import month_sums, repository
from services.reporting.figures.repository import GroupBy, Scope
from services.reporting.figures.service import scope_of
from shared.db.session import ReadSession
from shared.runtime.context import ServiceContext

_EVERY_S = 0.5
"""A look in between takes the stale cells from their rows: none waits for this."""


async def keep_sums(context: ServiceContext) -> None:
    """For as long as the worker runs; where several run, one at a time."""
    while True:
        await catch_up(context)
        await asyncio.sleep(_EVERY_S)


async def catch_up(context: ServiceContext) -> bool:
    """Take what is stale anew, in a transaction of its own; whether there was anything to do."""
    async with context.db.reading() as session:
        if not await month_sums.marked(session):
            return False
    async with context.db.writing() as session:
        return await month_sums.catch_up(session)


_DIVISIONS: tuple[GroupBy, ...] = ("township", "village", "facility_code", "month")


async def differences(context: ServiceContext) -> list[tuple[str, int, int]]:
    """Sums of the county by place and month that are not what the rows of one snapshot add up to.

    Each with what is kept and what the rows say; nobody should ever see one.
    """
    async with context.db.reading() as session:
        scope = await scope_of(session, context, area=None, period=None)
        kept = await sums_of(session, scope)
        counted = await sums_of(session, scope, by_rows=True)
    names = sorted(kept.keys() | counted.keys())
    pairs = ((name, kept.get(name, 0), counted.get(name, 0)) for name in names)
    return [(name, one, other) for name, one, other in pairs if one != other]


async def sums_of(
    session: ReadSession, scope: Scope, *, by_rows: bool = False
) -> Mapping[str, int]:
    """Every sum of a scope, of its parts and of the payers that is not 0, each under one name."""
    whole, parts = await repository.totals_and_parts(session, scope, _DIVISIONS, by_rows=by_rows)
    found: dict[str, Any] = {"": whole.values}
    for by, each in parts.items():
        found |= {f"{by} {key} ": sums.values for key, sums in each.items()}
    found["payer "] = await repository.payers(session, scope, by_rows=by_rows)
    return {
        f"{of}{name}": value for of, sums in found.items() for name, value in sums.items() if value
    }
