"""An item of the register: who leads, when it is late, which step may follow. Pure.

LP-70: an item has an owner, a deadline, a status and closing evidence (清单式、销号式管理). KZ-23: a
late one must state its cause before anything else is said about it. Whoever did the work does not
close it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.reporting.figures.domain import UNKNOWN

Kind = Literal["red_light", "reform_task", "standard", "assessment", "manual"]
Status = Literal["open", "submitted", "closed", "withdrawn"]
StepName = Literal[
    "open", "update", "evidence", "still_red", "submit", "return", "close", "withdraw"
]
Mode = Literal["single", "each_leads", "first_leads"]

KIND_WORDS: Final[Mapping[Kind, str]] = {
    "red_light": "指标亮红灯",
    "reform_task": "改革任务",
    "standard": "机构标准",
    "assessment": "考核",
    "manual": "人工登记",
}
STATUS_WORDS: Final[Mapping[Status, str]] = {
    "open": "整改中",
    "submitted": "待核查",
    "closed": "已销号",
    "withdrawn": "已撤销",
}
LIVE: Final[frozenset[Status]] = frozenset({"open", "submitted"})


class LeadMissing(ValueError):
    """Nobody leads (KZ-02)."""


class LeadModeWrong(ValueError):
    """The departments do not fit the way they share the work."""


class StepNotAllowed(ValueError):
    """The item's status does not allow the step."""


class CauseMissing(ValueError):
    """The deadline has passed and nobody has said why (KZ-23)."""


class EvidenceMissing(ValueError):
    """Nothing shows that the work is done (LP-70)."""


class EvidenceFileMissing(EvidenceMissing):
    """The item asks for a file, and there are words alone."""


class SamePersonTwice(ValueError):
    """Whoever did the work may not close the item."""


@dataclass(frozen=True)
class Responsible:
    """Who answers for an item."""

    mode: Mode
    leads: tuple[str, ...]
    co_responsible: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    more: bool = False
    """The document's list ends with 等: further departments may join."""


def assign(
    mode: Mode,
    departments: Sequence[str],
    participants: Sequence[str] = (),
    *,
    more: bool = False,
) -> Responsible:
    """Who leads among the departments that a document names, in its order.

    ``single``: the only one; ``each_leads``: every one (分别负责, KZ-04); ``first_leads``: the first,
    the rest are co-responsible (排在第一位的为牵头部门, KZ-05, SJ-49).

    Raises:
        LeadMissing, LeadModeWrong.
    """
    named = tuple(departments)
    if not named or not all(name.strip() for name in named):
        raise LeadMissing("name at least one department that leads (KZ-02)")
    if len({*named, *participants}) != len(named) + len(participants):
        raise LeadModeWrong("name each department once")
    if mode == "single":
        if len(named) != 1:
            raise LeadModeWrong("of a single lead there is exactly one department")
        return Responsible(mode, named, (), tuple(participants), more)
    if mode == "each_leads":
        return Responsible(mode, named, (), tuple(participants), more)
    return Responsible(mode, named[:1], named[1:], tuple(participants), more)


@dataclass(frozen=True)
class Step:
    """Something that was done about an item."""

    step: StepName
    done_at: datetime
    done_by: str
    note: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """An item as it stands."""

    id: UUID
    region: str
    number: str
    kind: Kind
    title: str
    problem: str | None
    area: str
    township: str | None
    responsible: Responsible
    opened_on: date
    deadline: date
    first_deadline: date
    status: Status
    cause: str | None
    measures: str | None
    source: Mapping[str, Any]
    """Of a red light: indicator, months, figures; of a reform task: list and number."""
    citation: str | None
    closed_on: date | None
    version: int
    told_overdue: date | None
    """The deadline of which it was told that it passed."""
    steps: tuple[Step, ...]
    file_required: bool = False
    """Words alone do not close it: one of its evidence is a file."""

    @property
    def owner(self) -> str:
        return "、".join(self.responsible.leads)

    @property
    def evidence(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.step == "evidence")

    def days_late(self, day: date) -> int:
        """How many days after its deadline it is, or was when it was closed."""
        if self.status == "withdrawn":
            return 0
        return max(0, ((self.closed_on or day) - self.deadline).days)

    def check(self, step: StepName) -> None:
        """Refuse a step that the status does not allow.

        Raises:
            StepNotAllowed: with the statuses that do.
        """
        allowed = _ALLOWED[step]
        if self.status not in allowed:
            raise StepNotAllowed(
                f"an item that is {self.status} cannot take the step {step}; "
                f"it must be {' or '.join(allowed)}"
            )

    def check_cause(self, day: date, given: str | None = None) -> None:
        """Refuse to go on with a late item whose cause nobody states.

        Raises:
            CauseMissing: KZ-23.
        """
        if self.days_late(day) and not (given or self.cause):
            raise CauseMissing("the deadline has passed: state the cause first (KZ-23)")

    def check_evidence(self) -> None:
        """Refuse to call an item done on nothing but a word.

        Raises:
            EvidenceMissing: LP-70; EvidenceFileMissing where the item asks for a file.
        """
        if not self.evidence:
            raise EvidenceMissing("record what shows that the work is done (LP-70)")
        if self.file_required and not any(step.detail.get("file") for step in self.evidence):
            raise EvidenceFileMissing("the item asks for a file as evidence (LP-70)")

    def check_closer(self, actor: str) -> None:
        """Refuse a closing check by whoever did the work or declared it done.

        Raises:
            SamePersonTwice: somebody else must do it.
        """
        workers = {step.done_by for step in self.steps if step.step in {"evidence", "submit"}}
        if actor in workers:
            raise SamePersonTwice("who recorded evidence or submitted the item does not close it")

    def check_withdrawer(self, actor: str) -> None:
        """Refuse that whoever opened an item makes it vanish.

        Raises:
            SamePersonTwice: somebody else must do it.
        """
        if any(step.step == "open" and step.done_by == actor for step in self.steps):
            raise SamePersonTwice("who opened the item does not withdraw it")


_ALLOWED: Final[Mapping[StepName, tuple[Status, ...]]] = {
    "open": (),
    "update": ("open", "submitted"),
    "evidence": ("open", "submitted"),
    "still_red": ("open", "submitted"),
    "submit": ("open",),
    "return": ("submitted",),
    "close": ("open", "submitted"),
    "withdraw": ("open", "submitted"),
}


@dataclass(frozen=True)
class RedLight:
    """An indicator out of its target in a month."""

    indicator: str
    name_zh: str
    area: str
    area_zh: str
    month: str
    numerator: str | int
    denominator: str | int
    value: str | None
    target: str | None
    direction: str | None
    unit: str
    """``money`` or ``count``: the value is a share; others in their own unit."""
    citation: str
    within: tuple[str, ...] = ()
    """Smaller places that are red too."""


def red_lights(
    month: str,
    county: Sequence[Mapping[str, Any]],
    townships: Sequence[Mapping[str, Any]],
    county_zh: str,
) -> list[RedLight]:
    """What a month's figures open: the widest place that is red.

    Where the county is red, one item names its red townships; where it is not, each red township
    gets an item of its own, so that a green county hides nobody.

    Args:
        month: such as ``2016-05``.
        county: the county's figures as the API tells them.
        townships: each with ``area``, ``name_zh`` and ``indicators`` by code.
        county_zh: the county's name.
    """
    found = []
    for figure in county:
        code = figure["code"]
        # Homes that nobody told are no place, and have no owner.
        red = [
            each
            for each in townships
            if each["area"] != UNKNOWN and _missed(each["indicators"].get(code))
        ]
        told = {
            "indicator": code,
            "name_zh": figure["name_zh"],
            "month": month,
            "target": figure["target"],
            "direction": figure["direction"],
            "unit": figure["unit"],
            "citation": figure["citation"],
        }
        if _missed(figure):
            found.append(
                RedLight(
                    area="county",
                    area_zh=county_zh,
                    within=tuple(each["name_zh"] for each in red),
                    **told,
                    **_figures(figure),
                )
            )
            continue
        found += [
            RedLight(
                area=each["area"],
                area_zh=each["name_zh"],
                **told,
                **_figures(each["indicators"][code]),
            )
            for each in red
        ]
    return found


def _missed(figure: Mapping[str, Any] | None) -> bool:
    return figure is not None and figure["status"] == "missed"


def _figures(figure: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figure[name] for name in ("numerator", "denominator", "value")}
