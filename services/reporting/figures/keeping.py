"""The worker's job: take stale sums anew, a moment after each change; and whether they are right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

from services.reporting.figures import month_sums, people_kept, repository
from services.reporting.figures.repository import GroupBy, Scope
from services.reporting.figures.service import scope_of
from shared.db.session import ReadSession, WriteSession
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
        if not await month_sums.marked(session) and not await people_kept.behind(
            session, *await _days(session, context)
        ):
            return False
    async with context.db.writing() as session:
        return await month_sums.alone(session) and await _catch_up(session, context)


async def _catch_up(session: WriteSession, context: ServiceContext) -> bool:
    summed = await month_sums.catch_up(session)
    counted = await people_kept.catch_up(session, *await _days(session, context))
    return summed or counted


async def take_all_anew(session: WriteSession, context: ServiceContext) -> None:
    """Make everything that is kept from the rows, while no handler may change them."""
    await month_sums.take_all_anew(session)
    await people_kept.take_all_anew(session, *await _days(session, context))


async def _days(session: ReadSession, context: ServiceContext) -> tuple[date, date]:
    """The newest day, on which most who look count people, and that of cards."""
    scope = await scope_of(session, context, area=None, period=None)
    return scope.day, scope.card_day


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
