"""The figures of the live stream: small, for the whole county, of everything so far."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.reporting.figures import repository
from services.reporting.figures.domain import Status
from services.reporting.figures.looks import looks_of
from services.reporting.figures.repository import Reach, Scope, Sums
from services.reporting.figures.service import lag_ms, scope_of
from services.reporting.indicators.county import catalogue_of
from services.reporting.indicators.service import evaluate
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.money import Fen, Money
from shared.runtime.context import ServiceContext


class Cause(BaseModel):
    """What moved the figures, without any person."""

    type: str
    """Such as ``settlement.made``."""
    township: str | None = None
    facility_code: str | None = None


class LiveIndicator(BaseModel):
    numerator: str | int
    denominator: str | int
    value: str | None
    target: str | None
    status: Status


class LiveFigures(BaseModel):
    """One message of the stream: the state, not a difference, so that none may be missed."""

    revision: int
    as_of: datetime | None
    lag_ms: int | None
    cause: Cause | None
    """The newest of the changes that this message tells of; null right after connecting."""
    changes: int
    """How many changes this message tells of."""
    indicators: dict[str, LiveIndicator]
    visits: int
    inpatient_visits: int
    outpatient_visits: int
    settled_visits: int
    recognitions: int
    total: Money
    patient_pays: Money


async def live_figures(
    context: ServiceContext, *, cause: dict[str, Any] | None, changes: int
) -> LiveFigures:
    """The present figures, read once for all who have just come."""

    async def read(session: ReadSession) -> tuple[Scope, Reach, Sums]:
        scope = await scope_of(session, context, area=None, period=None)
        reach = await repository.reach(session)
        return scope, reach, await repository.totals(session, scope)

    question = ("live", business_date(context.clock.now()))
    scope, reach, sums = await looks_of(context).look(question, read)
    indicators = {}
    for indicator in catalogue_of(context).indicators.values():
        if indicator.is_entered:
            continue  # nothing that happens moves them
        figure = evaluate(
            indicator,
            sums,
            area=scope.area.code,
            period=scope.period.code,
            day=scope.day,
            as_of=reach.as_of,
        )
        indicators[indicator.code] = LiveIndicator(
            numerator=figure.numerator,
            denominator=figure.denominator,
            value=figure.value,
            target=figure.target,
            status=figure.status,
        )
    return LiveFigures(
        revision=reach.revision,
        as_of=reach.as_of,
        lag_ms=lag_ms(reach),
        cause=Cause.model_validate(cause) if cause else None,
        changes=changes,
        indicators=indicators,
        visits=sums["visits"],
        inpatient_visits=sums["inpatient_visits"],
        outpatient_visits=sums["outpatient_visits"],
        settled_visits=sums["settled_visits"],
        recognitions=sums["recognitions_asked"],
        total=Fen(sums["total_fen"]),
        patient_pays=Fen(sums["patient_fen"]),
    )
