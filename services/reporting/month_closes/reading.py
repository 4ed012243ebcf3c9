"""Reading closings: which cut was approved, whose rows are shown, and what is noted of exports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from services.reporting.figures.domain import Area
from services.reporting.figures.repository import Scope
from services.reporting.figures.service import read_period
from services.reporting.month_closes import steps
from services.reporting.month_closes.domain import Close
from services.reporting.month_closes.figures import days_of
from services.reporting.month_closes.problems import TownshipNotYours
from shared.db.session import ReadSession, WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def visible(session: ReadSession, context: ServiceContext, close_id: UUID) -> Close:
    """A closing; its figures name nobody, so whoever may read indicators may see it.

    Raises:
        CloseNotFound: there is none.
    """
    return await steps.required(session, context.region.region_code, close_id)


def scope_of_cut(close: Close) -> Scope:
    """The scope of a closing's cut: people counted on the same days."""
    day, card_day = days_of(close.figures)
    return Scope(Area("county"), read_period(close.month), day, card_day)


def approved_cut(close: Close, township: str | None) -> int:
    """The newest cut that was approved: by the township, else by whoever approved last."""
    cuts = [
        step.cut
        for step in close.steps
        if step.step in {"submit", "accept", "sign"} and township in {None, step.township}
    ]
    return max(cuts, default=close.cut)


def cut_at(close: Close, cut: int) -> datetime:
    """When a cut was made: its first step tells."""
    return min(
        (step.done_at for step in close.steps if step.cut == cut and step.step in _CUTTING),
        default=close.cut_at,
    )


_CUTTING = frozenset({"create", "refresh"})


def rows_shown_to(caller: Principal) -> str | None:
    """Whose rows the caller may list: one township's, or (None) everybody's.

    Raises:
        TownshipNotYours: neither a township nor the county.
    """
    kind, _, own = caller.organisation.partition(":")
    if kind == "township":
        return own
    if kind != "region":
        raise TownshipNotYours("a township lists its own rows, the county every one")
    return None


async def note_export(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close: Close,
    form: str,
    **more: Any,
) -> None:
    """Note that figures were taken out."""
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="month_close.exported",
        subject=str(close.id),
        at=context.clock.now(),
        detail={"number": close.number, "form": form, **more},
    )


async def note_look(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close: Close,
    what: str,
    rows: int,
) -> None:
    """Note that rows of persons were looked at."""
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"month_close_{what}.listed",
        subject=str(close.id),
        at=context.clock.now(),
        detail={"number": close.number, "rows": rows},
    )
