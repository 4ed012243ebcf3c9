"""What the teams did for those who came home: the contract where there was none, the follow-up.

Without it the county's half-year of 2016 would have left every patient unvisited, and the doctor's
list of today would begin with tasks that are overdue by years.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from deploy.demo.client import Caller, eventually

FOLLOW_UPS = "出院随访 follow-ups"
_SIGN, _FOLLOW_UP = "contract_to_sign", "post_discharge_follow_up"
_SIGNED_AFTER = timedelta(days=2)
_SEEN_AFTER_DAYS = (3, 4, 5, 6, 7)
"""Within the seven days, and not all on the same one."""
_MOST = 200
"""More than the half-year's stays; the list begins with what was due first."""


async def see_home(
    township: Caller,
    stays: int,
    prefix: str,
    progress: Callable[[str, int, int], None],
    *,
    within_s: float,
) -> None:
    """Each patient who came home has a contract, and is seen at home within the seven days.

    May be cut off and started again: what was done is no longer on the list.

    Raises:
        DemoRefused: a call was refused.
        WaitedTooLong: not every stay opened its task.
    """
    progress(FOLLOW_UPS, 0, stays)

    async def look() -> list[Any] | None:
        done = {each["encounter_id"] for each in await _tasks(township, status="closed")}
        waiting = await _tasks(township)
        known = done | {each["encounter_id"] for each in waiting}
        return waiting if len(known) >= stays else None

    for task in await eventually(look, within_s=within_s, what="the tasks of every stay"):
        if task["rule"] == _SIGN:
            signed_on = date.fromisoformat(task["discharged_on"]) + _SIGNED_AFTER
            await township.post(
                "/contracts/v1/contracts",
                f"{prefix}-sign-{task['person_id']}",
                {"person_id": task["person_id"], "signed_on": signed_on.isoformat()},
            )
    owed = [task for task in await _tasks(township) if task["rule"] == _FOLLOW_UP]
    for number, task in enumerate(owed, start=stays - len(owed) + 1):
        home_on = date.fromisoformat(task["discharged_on"])
        after = _SEEN_AFTER_DAYS[home_on.toordinal() % len(_SEEN_AFTER_DAYS)]
        await township.post(
            "/contracts/v1/follow-ups",
            f"{prefix}-follow-up-{task['task_id']}",
            {
                "person_id": task["person_id"],
                "task_id": task["task_id"],
                "performed_at": f"{home_on + timedelta(days=after)}T10:00:00+08:00",
                "way": "home",
                "outcome": "stable",
            },
        )
        progress(FOLLOW_UPS, number, stays)
    progress(FOLLOW_UPS, stays, stays)


async def _tasks(township: Caller, **query: str) -> list[Any]:
    found = await township.get("/contracts/v1/worklist", limit=_MOST, **query)
    return [each for each in found["items"] if each["rule"] in (_SIGN, _FOLLOW_UP)]
