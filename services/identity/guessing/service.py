"""Stops whoever asks number after number, in all processes together, and tells an operator.

The budgets (:mod:`services.identity.guessing.domain`) are kept in the database, so that several
processes share one limit and a restart does not fill them. Each process counts in memory and
exchanges what it has counted every second, or sooner when much has come together: no question waits
for it, so that a miss takes as long as a hit. What one process allows too much is what the others
counted since its last exchange.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import date
from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from services.identity.guessing.domain import (
    LISTS,
    NAMED_COST,
    NUMBER_COST,
    REFILL_PER_S,
    GuessLimit,
    ListCost,
)
from services.identity.guessing.repository import GuessRepository
from services.identity.guessing.schemas import GuessAlarm, GuessAlarms
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.http.problem import Forbidden, NotFound, Problem
from shared.observability.logging import describe_exception
from shared.observability.metrics import METRICS
from shared.runtime.context import ServiceContext
from shared.runtime.tasks import alongside
from shared.security import audit
from shared.security.principal import Principal

log = structlog.get_logger(__name__)

_STATE = "identity.guesses"
_EVERY_S = 1.0
_SYSTEM = "system:guessing"


class TooManyGuesses(Problem):
    status = 429
    code = "too_many_guesses"
    title = "Too many questions found nobody; this client is slowed down"
    title_zh = "未查到人员的识别请求过多，已暂时限制"


class TooManyReveals(Problem):
    status = 429
    code = "too_many_reveals"
    title = "Too many persons' identifiers were shown to this client; it is slowed down"
    title_zh = "查看完整身份信息的次数过多，已暂时限制"


class TooManyUnknown(Problem):
    status = 429
    code = "too_many_guesses"
    title = "Too many rows of this client's lists found nobody; it is slowed down"
    title_zh = "清单中查不到的人员过多，疑似试探名册，已暂时限制并通知管理员"


class AlarmUnknown(NotFound):
    code = "alarm_unknown"
    title = "There is no such alarm"
    title_zh = "没有此条警报"


class AlarmsNeedTheCounty(Forbidden):
    """An alarm tells of clients of the whole county."""

    code = "alarms_need_the_county"
    title = "Only an office of the whole county may see alarms"
    title_zh = "只有县(区)级部门可以查看警报"


class Limiting:
    """The limit of one process, and its waking of the exchange."""

    def __init__(self) -> None:
        self.limit = GuessLimit()
        self.much = asyncio.Event()
        """Set when so much was counted that the others should know at once."""


def limiting_of(context: ServiceContext) -> Limiting:
    """The limit of this process."""
    found = context.state.get(_STATE)
    if not isinstance(found, Limiting):
        found = Limiting()
        context.state[_STATE] = found
    return found


def refuse_if_spent(
    context: ServiceContext,
    caller: Principal,
    place: str,
    problem: type[Problem] = TooManyGuesses,
) -> None:
    """Refuse a client that has found nobody too often.

    Args:
        context: of the service.
        caller: who asks.
        place: an institution's code, or one of ``domain.NO_INSTITUTIONS``.
        problem: what the client is told.

    Raises:
        TooManyGuesses, or ``problem``: with the seconds to wait in ``Retry-After``.
    """
    now = context.clock.now().timestamp()
    wait_s = limiting_of(context).limit.wait_s(caller.client_id, place, now)
    if not wait_s:
        return
    METRICS.recognitions_refused.inc()
    log.warning("recognition_guessing_refused", client_id=caller.client_id, place=place)
    raise problem(
        f"wait {wait_s} s, and ask only about patients who are there; the operator has been alarmed",
        headers={"Retry-After": str(wait_s)},
    )


def charge(context: ServiceContext, caller: Principal, place: str, cost: float) -> None:
    """Charge a client for a question."""
    limiting, now = limiting_of(context), context.clock.now().timestamp()
    if limiting.limit.charge(caller.client_id, place, now, cost):
        limiting.much.set()


def found_nobody(
    context: ServiceContext, caller: Principal, place: str, *, number_only: bool
) -> None:
    """Charge a question that found nobody."""
    charge(context, caller, place, NUMBER_COST if number_only else NAMED_COST)


@asynccontextmanager
async def list_limited(context: ServiceContext, caller: Principal) -> AsyncIterator[ListLimit]:
    """While a list is matched: what its rows find is counted in all processes together.

    A command has no exchange of its own beside it, and a list asks as much as a window in a month:
    so what others counted is learned before, and what this one counts is told as it goes on.

    Raises:
        TooManyUnknown: with the seconds to wait; the alarm stands when it is raised.
    """
    limiting_of(context).limit.ask(caller.client_id, LISTS)
    await exchange(context)
    try:
        yield ListLimit(context, caller)
    finally:
        await exchange(context)


class ListLimit:
    """The limit of one list."""

    def __init__(self, context: ServiceContext, caller: Principal) -> None:
        self._context = context
        self._caller = caller
        self._cost = ListCost()

    def check(self) -> None:
        """Before some rows.

        Raises:
            TooManyUnknown: with the seconds to wait.
        """
        refuse_if_spent(self._context, self._caller, LISTS, TooManyUnknown)

    async def count(self, misses: int, persons: Iterable[str]) -> None:
        """After them.

        Args:
            misses: rows that found nobody.
            persons: whom the others found for certain or probably.
        """
        cost = self._cost.of(misses, persons)
        if cost:
            charge(self._context, self._caller, LISTS, cost)
            await exchange(self._context)


async def exchange(context: ServiceContext) -> None:
    """Tell the database what this process has counted, and learn what the others have.

    Raises:
        Like the database; what was counted is then told the next time.
    """
    limiting, now = limiting_of(context), context.clock.now()
    limiting.much.clear()
    taken = limiting.limit.take()
    if not taken.asked:
        return
    try:
        async with context.db.writing() as session:
            repository = GuessRepository(session, context.region.region_code)
            await repository.charge(taken.charged, at=now, refill_per_s=REFILL_PER_S)
            known = await repository.spent(taken.asked)
            for (client, place), refused in sorted(taken.refused.items()):
                opened = await repository.alarm(
                    client, place, on=business_date(now), at=now, refused=refused
                )
                if opened is not None:
                    await audit.record(
                        session,
                        actor=_SYSTEM,
                        organisation=f"region:{context.region.region_code}",
                        action="guessing.alarmed",
                        subject=str(opened),
                        at=now,
                        detail={"client_id": client, "place": place},
                    )
    except BaseException:
        limiting.limit.give_back(taken)
        raise
    limiting.limit.learn(known, now.timestamp())


@asynccontextmanager
async def sharing(context: ServiceContext) -> AsyncIterator[None]:
    """Exchange with the other processes while this one serves, and once more at its end."""

    async def go_on() -> None:
        much = limiting_of(context).much
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await much.wait()
            await _try(context)

    try:
        async with alongside(go_on()):
            yield
    finally:
        await _try(context)


async def alarms(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    cursor: str | None,
    limit: int,
) -> GuessAlarms:
    """Which clients were stopped where, newest day first; the look is logged.

    Raises:
        AlarmsNeedTheCounty: the caller is a hospital or a township.
    """
    _check_county(caller)
    repository = GuessRepository(session, context.region.region_code)
    rows = await repository.alarms(after=_after(cursor), limit=limit + 1)
    shown = rows[:limit]
    now = context.clock.now()
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="guessing.read",
        subject=context.region.region_code,
        at=now,
        detail={"alarms": len(shown)},
    )
    more = len(rows) > limit
    return GuessAlarms(
        items=[_alarm(row) for row in shown],
        unseen=await repository.unseen(),
        next_cursor=(
            encode_cursor(shown[-1]["on_day"].isoformat(), str(shown[-1]["alarm_id"]))
            if more
            else None
        ),
    )


async def see_alarm(
    session: WriteSession, context: ServiceContext, caller: Principal, alarm_id: UUID
) -> GuessAlarm:
    """Note that somebody looked into an alarm; a second time changes nothing.

    Raises:
        AlarmsNeedTheCounty: the caller is a hospital or a township.
        AlarmUnknown: no such alarm.
    """
    _check_county(caller)
    now = context.clock.now()
    repository = GuessRepository(session, context.region.region_code)
    row = await repository.see(alarm_id, by=caller.client_id, at=now)
    if row is None:
        raise AlarmUnknown("take the alarm_id from the list of alarms")
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="guessing.seen",
        subject=str(alarm_id),
        at=now,
    )
    return _alarm(row)


def _alarm(row: RowMapping) -> GuessAlarm:
    return GuessAlarm(
        alarm_id=str(row["alarm_id"]),
        client_id=row["client_id"],
        place=row["place"],
        on_day=row["on_day"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        refused=row["refused"],
        seen_by=row["seen_by"],
        seen_at=row["seen_at"],
    )


def _check_county(caller: Principal) -> None:
    if not caller.of_county:
        raise AlarmsNeedTheCounty("ask an office of the county")


def _after(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    day, alarm_id = decode_cursor(cursor, parts=2)
    try:
        return date.fromisoformat(str(day)), UUID(str(alarm_id))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None


async def _try(context: ServiceContext) -> None:
    try:
        await exchange(context)
    except Exception as error:  # noqa: BLE001 - tried again; the limit of this process holds meanwhile
        log.warning("guesses_not_exchanged", error=describe_exception(error))
        await asyncio.sleep(_EVERY_S)
