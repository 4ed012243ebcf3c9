"""From sums to figures: the scope of a question, and the shapes in which amounts are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.reporting.figures import repository
from services.reporting.figures.domain import Period, PeriodMalformed, period_of, stock_day
from services.reporting.figures.places import find_area
from services.reporting.figures.repository import Reach, Scope, Sums
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.http.problem import FieldFault, Unprocessable
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext

_MS = timedelta(milliseconds=1)


class PeriodUnreadable(Unprocessable):
    code = "period_malformed"
    title = "The period cannot be read"
    title_zh = "时段格式有误"


def read_period(text: str | None) -> Period:
    """The period of a query.

    Raises:
        PeriodUnreadable: with the forms that can be read.
    """
    try:
        return period_of(text)
    except PeriodMalformed:
        raise PeriodUnreadable(
            errors=[
                FieldFault(
                    "period",
                    "period_malformed",
                    "write 2016, 2016-H1, 2016-Q2, 2016-05, or all",
                    "请填写如 2016、2016-H1、2016-Q2、2016-05，或 all(全部)",
                )
            ]
        ) from None


async def scope_of(
    session: ReadSession, context: ServiceContext, *, area: str | None, period: str | None
) -> Scope:
    """The rows that a question is about.

    Raises:
        AreaUnknown, PeriodUnreadable: the question cannot be read.
    """
    chosen = read_period(period)
    place = await find_area(session, context, area)
    today = business_date(context.clock.now())
    latest = await repository.data_day(session, today)
    days = [each for each in (latest, await repository.card_day(session)) if each is not None]
    return Scope(
        area=place,
        period=chosen,
        day=stock_day(chosen, latest, today),
        card_day=stock_day(chosen, max(days, default=None), today),
    )


def amount(sums: Sums, name: str) -> str | int:
    """A sum as told: CNY text for fen, a plain number for a count."""
    value = sums[name]
    return text_from_fen(value) if name.endswith("_fen") else value


def lag_ms(reach: Reach) -> int | None:
    """How long the newest event took from being written to being taken in, in milliseconds.

    An event's id is a UUIDv7, which carries the millisecond at which it was written.
    """
    if reach.newest_event is None or reach.newest_handled_at is None:
        return None
    return max(0, (reach.newest_handled_at - _written_at(reach.newest_event)) // _MS)


def _written_at(event_id: UUID) -> datetime:
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, tz=UTC)
