"""The steps of a month's closing, who may take them, and when it is late.

draft → every township submits its own → the county accepts → the director signs → closed. Until
it is signed the county may return a township's figures with a reason. What they approve is a *cut*: the rows as they stood at one moment. A signed month is reopened by two
persons, and closed again as its next revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

Status = Literal["draft", "submitted", "accepted", "closed", "reopened"]
StepName = Literal[
    "create", "refresh", "submit", "return", "accept", "sign", "ask_reopening", "reopen"
]
Kind = Literal["own", "late", "changed", "withdrawn"]

KIND_WORDS: Final[Mapping[str, str]] = {
    "own": "本月",
    "late": "迟到补记",
    "changed": "更正",
    "withdrawn": "撤回",
}
STATUS_WORDS: Final[Mapping[str, str]] = {
    "draft": "编制中",
    "submitted": "乡镇已报送",
    "accepted": "县级已审核",
    "closed": "已签发",
    "reopened": "已重开作废",
}


class StepNotAllowed(ValueError):
    """The month's state does not allow the step."""


class SamePersonTwice(ValueError):
    """Who asked for a reopening may not be the one who does it."""


@dataclass(frozen=True)
class Step:
    """A step that was taken."""

    step: StepName
    township: str | None
    cut: int
    done_at: datetime
    done_by: str
    note: str | None


@dataclass(frozen=True)
class Close:
    """A month's closing."""

    id: UUID
    region: str
    month: str
    revision: int
    status: Status
    cut: int
    cut_at: datetime
    figures: dict[str, Any]
    """What the cut adds up to: see :mod:`services.reporting.month_closes.figures`."""
    reopening: dict[str, str] | None
    place: int | None
    closed_at: datetime | None
    sha256: str | None
    steps: tuple[Step, ...]

    @property
    def number(self) -> str:
        """Told on every paper, such as ``511113-2016-05-1``."""
        return f"{self.region}-{self.month}-{self.revision}"

    def submissions(self) -> dict[str, Step]:
        """Each township's submission that still stands.

        A refreshed cut lets a submission stand whose township's rows did not change; such a one
        is written again with the new cut.
        """
        standing: dict[str, Step] = {}
        for step in self.steps:
            if step.cut != self.cut:
                continue
            if step.step == "submit":
                standing[str(step.township)] = step
            elif step.step == "return":
                standing.pop(str(step.township), None)
        return standing

    def returned(self) -> dict[str, Step]:
        """What was returned to a township, with the reason, and not submitted again since."""
        returned: dict[str, Step] = {}
        for step in self.steps:
            if step.step == "return":
                returned[str(step.township)] = step
            elif step.step == "submit":
                returned.pop(str(step.township), None)
        return returned

    def missing(self, townships: Sequence[str]) -> list[str]:
        """Townships that have still to submit."""
        submitted = self.submissions()
        return [name for name in townships if name not in submitted]

    def check(self, step: StepName) -> None:
        """Refuse a step that the state does not allow.

        Raises:
            StepNotAllowed: with the reason.
        """
        allowed = _ALLOWED[step]
        if self.status not in allowed:
            raise StepNotAllowed(
                f"a month that is {self.status} cannot take the step {step}; "
                f"it must be {' or '.join(allowed)}"
            )

    def check_reopening(self, actor: str) -> None:
        """Refuse a second call of the person who asked.

        Raises:
            SamePersonTwice: somebody else must do it.
        """
        if self.reopening is not None and self.reopening["asked_by"] == actor:
            raise SamePersonTwice("somebody else must reopen what this client asked to reopen")


_ALLOWED: Final[Mapping[StepName, tuple[Status, ...]]] = {
    "create": (),
    "refresh": ("draft", "submitted", "accepted"),
    "submit": ("draft",),
    "return": ("draft", "submitted", "accepted"),
    "accept": ("submitted",),
    "sign": ("accepted",),
    "ask_reopening": ("closed",),
    "reopen": ("closed",),
}


def due_on(month: str, due_day: int) -> date:
    """The last day on which a submission is in time: a day of the following month (XB-45)."""
    return end_of(month) + timedelta(days=due_day)


def end_of(month: str) -> date:
    """The last day of a month such as ``2016-05``."""
    year, number = map(int, month.split("-"))
    over, following = divmod(number, 12)
    return date(year + over, following + 1, 1) - timedelta(days=1)


def half_years(months: Iterable[str]) -> list[str]:
    """The half-years of some months, such as ``2016-H1`` of ``2016-05``; each once, as they come."""
    halves = (f"{month[:4]}-H{1 if int(month[5:]) <= 6 else 2}" for month in months)  # noqa: PLR2004
    return list(dict.fromkeys(halves))
