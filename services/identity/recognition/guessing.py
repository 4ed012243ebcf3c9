"""Who asks for number after number finds out who is on the registry: that is stopped here.

A window asks about whoever comes, so most of its questions may find nobody; someone who tries
numbers finds nobody nearly always, and gives nothing but the number. Each question that finds
nobody costs from a budget per client and institution, and one per client, that fills up again
with time. A busy window stays far below both.

The budgets are kept in the database, so that several processes share one limit and a restart does
not fill them. Each process counts in memory and exchanges what it has counted every second, or
sooner when much has come together: no question waits for it, so that a miss takes as long as a hit.
What one process allows too much is what the others counted since its last exchange.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from services.identity.recognition.repository import GuessRepository
from shared.http.problem import Problem
from shared.observability.logging import describe_exception
from shared.observability.metrics import METRICS
from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)

_STATE = "identity.guesses"
_BUDGET = 1_500.0
_BUDGET_OF_CLIENT = 4_500.0
REFILL_PER_S = 0.5
"""1,800 an hour: some ten times what the busiest window of a district hospital asks."""
_NAMED_COST = 0.2
"""Of a question that tells more than a number."""
_EVERY_S = 1.0
_MUCH = 50.0
"""Counted for a client since the last exchange."""


class TooManyGuesses(Problem):
    status = 429
    code = "too_many_guesses"
    title = "Too many questions found nobody; this client is slowed down"
    title_zh = "未查到人员的识别请求过多，已暂时限制"


Key = tuple[str, str]
"""Client and institution; no institution: all of the client's."""


@dataclass
class _Spent:
    """How much of a budget is spent at a moment; it fills up again from there."""

    amount: float
    at: float

    def now(self, now: float) -> float:
        return max(0.0, self.amount - max(0.0, now - self.at) * REFILL_PER_S)


class GuessLimit:
    """The budgets as this process knows them; times are seconds since 1970."""

    def __init__(self) -> None:
        self._spent: dict[Key, _Spent] = {}
        self._charged: dict[Key, float] = {}
        self._asked: set[Key] = set()
        self.much = asyncio.Event()
        """Set when so much was counted that the others should know at once."""

    def refuse_if_spent(self, client: str, facility: str, now: float) -> None:
        """Refuse a client that has found nobody too often.

        Raises:
            TooManyGuesses: with the seconds to wait in ``Retry-After``.
        """
        longest_s = 0.0
        for key, budget in (((client, facility), _BUDGET), ((client, ""), _BUDGET_OF_CLIENT)):
            self._asked.add(key)
            spent = self._spent.get(key)
            if spent is not None:
                longest_s = max(longest_s, (spent.now(now) - budget + 1.0) / REFILL_PER_S)
        if longest_s <= 0:
            return
        METRICS.recognitions_refused.inc()
        log.warning("recognition_guessing_refused", client_id=client, facility_code=facility)
        raise TooManyGuesses(
            "wait, and ask only about patients who are there; the operator has been alarmed",
            headers={"Retry-After": str(int(longest_s) + 1)},
        )

    def found_nobody(self, client: str, facility: str, now: float, *, number_only: bool) -> None:
        """Charge a question that found nobody."""
        cost = 1.0 if number_only else _NAMED_COST
        for key in ((client, facility), (client, "")):
            self._add(key, cost, now)
            self._charged[key] = self._charged.get(key, 0.0) + cost
        if self._charged[(client, "")] >= _MUCH:
            self.much.set()

    def take(self) -> tuple[dict[Key, float], set[Key]]:
        """What was counted since the last exchange, and of whom to learn what others counted."""
        self.much.clear()
        charged, self._charged = self._charged, {}
        asked, self._asked = self._asked | self._spent.keys(), set()
        return charged, asked

    def give_back(self, charged: Mapping[Key, float]) -> None:
        """After an exchange that failed: the next one carries it."""
        for key, cost in charged.items():
            self._charged[key] = self._charged.get(key, 0.0) + cost

    def learn(self, known: Mapping[Key, tuple[float, float]], now: float) -> None:
        """Take over what all processes together have counted.

        Args:
            known: for each key the amount spent and when that was so.
            now: what was counted here during the exchange comes on top.
        """
        for key, (amount, at) in known.items():
            self._spent[key] = _Spent(amount, at)
            self._add(key, self._charged.get(key, 0.0), now)
        full = [key for key, spent in self._spent.items() if spent.now(now) == 0]
        for key in full:
            del self._spent[key]

    def _add(self, key: Key, cost: float, now: float) -> None:
        spent = self._spent.get(key)
        self._spent[key] = _Spent((spent.now(now) if spent else 0.0) + cost, now)


async def exchange(context: ServiceContext) -> None:
    """Tell the database what this process has counted, and learn what the others have.

    Raises:
        Like the database; what was counted is then told the next time.
    """
    limit, now = guess_limit_of(context), context.clock.now()
    charged, asked = limit.take()
    if not asked:
        return
    try:
        async with context.db.writing() as session:
            repository = GuessRepository(session)
            await repository.charge(charged, at=now, refill_per_s=REFILL_PER_S)
            known = await repository.spent(asked)
    except BaseException:
        limit.give_back(charged)
        raise
    limit.learn(known, now.timestamp())


@asynccontextmanager
async def sharing(context: ServiceContext) -> AsyncIterator[None]:
    """Exchange with the other processes while this one serves, and once more at its end."""

    async def go_on() -> None:
        much = guess_limit_of(context).much
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await much.wait()
            await _try(context)

    exchanging = asyncio.create_task(go_on())
    try:
        yield
    finally:
        exchanging.cancel()
        with suppress(asyncio.CancelledError):
            await exchanging
        await _try(context)


async def _try(context: ServiceContext) -> None:
    try:
        await exchange(context)
    except Exception as error:  # noqa: BLE001 - tried again; the limit of this process holds meanwhile
        log.warning("guesses_not_exchanged", error=describe_exception(error))
        await asyncio.sleep(_EVERY_S)


def guess_limit_of(context: ServiceContext) -> GuessLimit:
    """The limit of this process."""
    found = context.state.get(_STATE)
    if not isinstance(found, GuessLimit):
        found = GuessLimit()
        context.state[_STATE] = found
    return found
