"""The control rate, and who is left out of it. Pure.

The national standard counts the patients looked after in the year and asks whether the last
measurement of the year was within its limits. Who was never measured is looked after and not
controlled. Left out, and told by reason: who died, who left the registry, whose care ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

EXCLUSIONS: Final[dict[str, tuple[str, str]]] = {
    "died": ("死亡", "died"),
    "left_registry": ("已不在册", "left the registry"),
    "ended": ("已终止管理(治愈、误诊、转出等)", "care ended: cured, mistaken, moved"),
}
"""Why a patient is left out: Chinese and English."""
CITATIONS: Final[dict[str, str]] = {
    "hypertension": "国家基本公共卫生服务规范(第三版) 高血压患者健康管理 五、管理人群血压控制率",
    "type2_diabetes": "国家基本公共卫生服务规范(第三版) 2型糖尿病患者健康管理 五、管理人群血糖控制率",
}
OTHER_CITATION: Final = "国家基本公共卫生服务规范(第三版)"


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody who was looked after for the disease in the year, as known on its day."""

    team: str
    township: str | None
    village: str | None
    died_on: date | None
    registered: bool
    ended_on: date | None
    """The first day without care."""
    control: str | None
    """Of the year's last measured visit; None: there was none."""
    missed: int
    """Windows of the year that ended without the work."""


@dataclass(slots=True)
class Rate:
    """The figures of a group."""

    patients: int = 0
    controlled: int = 0
    uncontrolled: int = 0
    never_measured: int = 0
    missed: int = 0
    with_missed: int = 0
    excluded: Counter[str] = field(default_factory=Counter)

    def add(self, patient: Patient, day: date) -> None:
        """Count a patient as of a day."""
        why = excluded(patient, day)
        if why is not None:
            self.excluded[why] += 1
            return
        self.patients += 1
        self.controlled += patient.control == "controlled"
        self.uncontrolled += patient.control == "uncontrolled"
        self.never_measured += patient.control is None
        self.missed += patient.missed
        self.with_missed += patient.missed > 0


def excluded(patient: Patient, day: date) -> str | None:
    """Why a patient is left out on a day; None: he counts."""
    if patient.died_on is not None and patient.died_on <= day:
        return "died"
    if not patient.registered:
        return "left_registry"
    if patient.ended_on is not None and patient.ended_on <= day:
        return "ended"
    return None


def rates(
    patients: Iterable[Patient], day: date, by: str
) -> tuple[Rate, dict[tuple[str | None, ...], Rate]]:
    """The whole, and each group of it.

    Args:
        patients: of the area.
        day: as of which.
        by: ``team``, ``township`` or ``village``.
    """
    whole = Rate()
    groups: dict[tuple[str | None, ...], Rate] = {}
    for patient in patients:
        key: tuple[str | None, ...] = {
            "team": (patient.team,),
            "township": (patient.township,),
            "village": (patient.township, patient.village),
        }[by]
        for rate in (whole, groups.setdefault(key, Rate())):
            rate.add(patient, day)
    return whole, groups
