"""What was measured at home and goes with a referred patient, so that nobody measures it again.

SJ-36: examined in primary care, diagnosed above, each recognising the other's results.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from services.contracts.follow_up.forms import Field, forms
from services.contracts.referrals import repository
from services.contracts.referrals.schemas import ReferralAnswer, ResultAnswer
from shared.db.session import ReadSession

HOLDS: Final = timedelta(days=90)
"""How old a result may be. No document fixes it; a quarter is the rhythm of the standard's visits."""
RESULTS: Final = (
    "sbp", "dbp", "heart_rate", "temperature", "fasting_glucose", "hba1c", "weight", "bmi",
)  # fmt: skip
"""The measurements that count as an examination's result; habits and risks are none."""


async def results_of(
    session: ReadSession, referrals: Iterable[ReferralAnswer]
) -> dict[str, list[ResultAnswer]]:
    """By referral the newest of each result up to its day of issue.

    Args:
        session: to read with.
        referrals: of persons who stand for themselves.
    """
    asked = {one.referral_id: (one.person_id, one.issued_on) for one in referrals}
    if not asked:
        return {}
    days = [on for _, on in asked.values()]
    measured: dict[str, list[Any]] = {}
    for row in await repository.measured(
        session, {person for person, _ in asked.values()}, first=min(days) - HOLDS, last=max(days)
    ):
        measured.setdefault(row.kept, []).append(row)
    return {one: _newest(measured.get(person, ()), on) for one, (person, on) in asked.items()}


def _newest(rows: Iterable[Any], on: date) -> list[ResultAnswer]:
    """Of each result the newest of those days that hold on a day; the newest row comes first."""
    found: dict[str, ResultAnswer] = {}
    for row in rows:
        if not on - HOLDS <= row.done_on <= on:
            continue
        for name in RESULTS:
            if row.measurements.get(name) is None or name in found:
                continue
            field = _fields()[name]
            found[name] = ResultAnswer(
                name=name, name_zh=field.zh, name_en=field.en, unit=field.unit,
                value=str(row.measurements[name]), measured_on=row.done_on, team=row.team,
            )  # fmt: skip
    return [found[name] for name in RESULTS if name in found]


@lru_cache(maxsize=1)
def _fields() -> dict[str, Field]:
    return {
        name: field
        for form in forms().values()
        for name, field in form.fields.items()
        if name in RESULTS
    }
