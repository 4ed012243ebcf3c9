"""HTTP shapes of control rates."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

GroupBy = Literal["team", "township", "village"]

_FIGURES: dict[str, Any] = {
    "patients": 28,
    "controlled": 21,
    "uncontrolled": 3,
    "never_measured": 4,
    "control_rate": "0.7500",
    "missed_visits": 26,
    "patients_with_missed": 12,
    "excluded": {"died": 2},
}


class ControlFigures(BaseModel):
    """The figures of a group; the excluded are in none of the others."""

    patients: int
    """Looked after in the year; ``controlled + uncontrolled + never_measured``."""
    controlled: int
    """The last measurement of the year lies within the standard's limits."""
    uncontrolled: int
    never_measured: int
    control_rate: str | None
    missed_visits: int
    """Windows of the year that ended without the work."""
    patients_with_missed: int
    excluded: dict[str, int]
    """Left out, by reason."""


class ControlGroup(ControlFigures):
    team: str | None = None
    township: str | None = None
    village: str | None = None


class Exclusion(BaseModel):
    reason: str
    name_zh: str
    name_en: str


class ControlRates(ControlFigures):
    """A disease's figures as of a month's end, from the year's first day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "programme": "hypertension",
                "month": "2016-12",
                "as_of": "2016-12-31",
                "since": "2016-01-01",
                "citation": "国家基本公共卫生服务规范(第三版)",
                **_FIGURES,
                "exclusions": [{"reason": "died", "name_zh": "死亡", "name_en": "died"}],
                "groups": [{"team": "H51111300202", **_FIGURES}],
            }
        }
    )

    programme: str
    month: str | None
    as_of: date
    since: date
    citation: str
    exclusions: list[Exclusion]
    """What the reasons mean."""
    groups: list[ControlGroup]
