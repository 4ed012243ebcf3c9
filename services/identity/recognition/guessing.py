"""Who asks for number after number finds out who is on the registry: that is stopped here.

A window asks about whoever comes, so most of its questions may find nobody; someone who tries
numbers finds nobody nearly always, and gives nothing but the number. Each question that finds
nobody costs from a budget per client and institution, and one per client, that fills up again
with time. A busy window stays far below both.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from shared.http.problem import Problem
from shared.observability.metrics import METRICS
from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)

_STATE = "identity.guesses"
_BUDGET = 1_500.0
_BUDGET_OF_CLIENT = 4_500.0
_REFILL_PER_S = 0.5
"""1,800 an hour: some ten times what the busiest window of a district hospital asks."""
_NAMED_COST = 0.2
"""Of a question that tells more than a number."""
_MOST_BUDGETS = 20_000


class TooManyGuesses(Problem):
    status = 429
    code = "too_many_guesses"
    title = "Too many questions found nobody; this client is slowed down"
    title_zh = "未查到人员的识别请求过多,已暂时限制"


@dataclass
class _Budget:
    left: float
    at: float


class GuessLimit:
    """The budgets of this process; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, str], _Budget] = {}

    def refuse_if_spent(self, client: str, facility: str, now: float) -> None:
        """Refuse a client that has found nobody too often.

        Raises:
            TooManyGuesses: with the seconds to wait in ``Retry-After``.
        """
        waits = [
            (1.0 - budget.left) / _REFILL_PER_S
            for budget in self._both(client, facility, now)
            if budget.left < 1.0
        ]
        if not waits:
            return
        METRICS.recognitions_refused.inc()
        log.warning("recognition_guessing_refused", client_id=client, facility_code=facility)
        raise TooManyGuesses(
            "wait, and ask only about patients who are there; the operator has been alarmed",
            headers={"Retry-After": str(int(max(waits)) + 1)},
        )

    def found_nobody(self, client: str, facility: str, now: float, *, number_only: bool) -> None:
        """Charge a question that found nobody."""
        for budget in self._both(client, facility, now):
            budget.left -= 1.0 if number_only else _NAMED_COST

    def _both(self, client: str, facility: str, now: float) -> tuple[_Budget, _Budget]:
        return (
            self._budget((client, facility), _BUDGET, now),
            self._budget((client, ""), _BUDGET_OF_CLIENT, now),
        )

    def _budget(self, key: tuple[str, str], full: float, now: float) -> _Budget:
        budget = self._budgets.get(key)
        if budget is None:
            if len(self._budgets) >= _MOST_BUDGETS:
                self._budgets.clear()
            budget = self._budgets[key] = _Budget(full, now)
        budget.left = min(full, budget.left + (now - budget.at) * _REFILL_PER_S)
        budget.at = now
        return budget


def guess_limit_of(context: ServiceContext) -> GuessLimit:
    """The limit of this process."""
    found = context.state.get(_STATE)
    if not isinstance(found, GuessLimit):
        found = GuessLimit()
        context.state[_STATE] = found
    return found
