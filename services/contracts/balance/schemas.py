"""HTTP shapes of the balance sheet."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

_VILLAGE: dict[str, Any] = {
    "township": "金河镇",
    "village": "曙光村",
    "registry": 100,
    "signed": 70,
    "exempt": {"long_absence": 20, "refused": 5},
    "unresolved": 5,
    "denominator": 75,
    "contract_rate": "0.9333",
}
_PERSON: dict[str, Any] = {
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "household_id": "01890a5d-ac96-774b-bcce-b302099a8060",
    "township": "金河镇",
    "village": "曙光村",
    "bucket": "long_absence",
    "must_be_contracted": False,
    "contract_id": None,
    "team": None,
    "exemption_id": "01890a5d-ac96-774b-bcce-b302099a8059",
    "valid_from": "2016-03-01",
    "valid_to": "2017-02-28",
}


class ReasonCount(BaseModel):
    """How many are not under contract for one reason."""

    reason: str
    name_zh: str
    name_en: str
    leaves_denominator: bool
    count: int


class VillageSheet(BaseModel):
    """One village's sheet."""

    township: str | None
    village: str | None
    registry: int
    signed: int
    exempt: dict[str, int]
    unresolved: int
    denominator: int
    contract_rate: str | None


class ChronicFour(BaseModel):
    """The four chronic diseases: all of them are to be contracted (XB-20)."""

    persons: int
    signed: int
    rate: str | None
    citation: str


class BalanceSheet(BaseModel):
    """Registry = signed + each exempt reason + unresolved."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "area": "金河镇",
                "month": "2016-03",
                "as_of": "2016-03-31",
                "registry": 100,
                "signed": 70,
                "exempt": [
                    {
                        "reason": "long_absence",
                        "name_zh": "长期外出",
                        "name_en": "Away for long",
                        "leaves_denominator": True,
                        "count": 20,
                    },
                    {
                        "reason": "refused",
                        "name_zh": "拒签",
                        "name_en": "Refused to sign",
                        "leaves_denominator": True,
                        "count": 5,
                    },
                ],
                "exempt_total": 25,
                "unresolved": 5,
                "denominator": 75,
                "contract_rate": "0.9333",
                "citation": "LP-32 应签尽签",
                "chronic_four": {
                    "persons": 12,
                    "signed": 12,
                    "rate": "1.0000",
                    "citation": "XB-20",
                },
                "villages": [_VILLAGE],
            }
        }
    )

    area: str
    month: str | None
    """None: as it stands today."""
    as_of: date
    """The day for which it stands: the month's last one, or today while it runs."""
    registry: int
    signed: int
    exempt: list[ReasonCount]
    exempt_total: int
    unresolved: int
    denominator: int
    """At home and willing: the registry without refusal and absence (LP-32)."""
    contract_rate: str | None
    """Signed by the denominator, four decimals, half-up; None without one."""
    citation: str
    chronic_four: ChronicFour
    villages: list[VillageSheet]


class PersonLine(BaseModel):
    """One person behind a number, by pseudonym."""

    person_id: str
    household_id: str | None
    township: str | None
    village: str | None
    bucket: str
    """``signed``, ``unresolved`` or the exempt reason."""
    must_be_contracted: bool
    """He has one of the four chronic diseases (XB-20)."""
    contract_id: str | None
    team: str | None
    exemption_id: str | None
    valid_from: date | None
    """Of the exempt reason."""
    valid_to: date | None


class PersonLines(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"as_of": "2016-03-31", "items": [_PERSON], "next_cursor": None}
        }
    )

    as_of: date
    items: list[PersonLine]
    next_cursor: str | None
