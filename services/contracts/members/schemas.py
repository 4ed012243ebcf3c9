"""HTTP shapes of members, packages and the contact card."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+][0-9 -]{4,19}$", strip_whitespace=True)]

_MEMBER: dict[str, Any] = {
    "member_id": "01890a5d-ac96-774b-bcce-b302099a8070",
    "team": "H51111300202",
    "role": "doctor",
    "role_zh": "家庭医生",
    "name": "李医生",
    "phone": "0833-1234567",
    "village": None,
    "joined_on": "2016-01-01",
    "left_on": None,
}


class MemberRequest(BaseModel):
    """Somebody joins a team."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "role": "doctor",
                "name": "李医生",
                "phone": "0833-1234567",
                "joined_on": "2016-01-01",
            }
        },
    )

    role: Code
    name: Name
    phone: Phone | None = None
    village: Name | None = None
    """Of a village doctor: whose people he looks after."""
    joined_on: date


class LeavingRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"left_on": "2016-06-01"}}
    )

    left_on: date
    """The first day on which he is no longer in the team."""


class MemberAnswer(BaseModel):
    """A member, as the contact card names him."""

    model_config = ConfigDict(json_schema_extra={"example": _MEMBER})

    member_id: str
    team: str
    role: str
    role_zh: str
    name: str
    phone: str | None
    village: str | None
    joined_on: date
    left_on: date | None


class TeamDetail(BaseModel):
    """A team's members today, and the roles that it has still to fill."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "team": "H51111300202",
                "name_zh": "金河镇卫生院",
                "members": [_MEMBER],
                "missing_roles": ["nurse"],
                "open_roles": ["nurse", "county_specialist"],
            }
        }
    )

    team: str
    name_zh: str
    members: list[MemberAnswer]
    missing_roles: list[str]
    """Without these it is incomplete (国卫基层发〔2018〕35号)."""
    open_roles: list[str]
    """Every role of the programme that nobody fills (SJ-30)."""


class PackageItemAnswer(BaseModel):
    item: str
    name_zh: str
    name_en: str
    times: int
    per: str
    """``year``, ``quarter`` or ``month``."""
    citation: str | None


class PackageAnswer(BaseModel):
    """What a contract promises."""

    package: str
    name_zh: str
    name_en: str
    items: list[PackageItemAnswer]


class PackageList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "package": "basic",
                        "name_zh": "基础服务包",
                        "name_en": "Basic package",
                        "items": [
                            {
                                "item": "check_up",
                                "name_zh": "免费健康体检",
                                "name_en": "Free check-up",
                                "times": 1,
                                "per": "year",
                                "citation": "XB-22",
                            }
                        ],
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[PackageAnswer]
    next_cursor: str | None = None


class CardAnswer(BaseModel):
    """The contact card of a contract: four fields, valid when none is missing (XB-31)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "contract_id": "01890a5d-ac96-774b-bcce-b302099a8057",
                "doctor_name": "李医生",
                "phone": "0833-1234567",
                "services": ["免费健康体检(每年1次)"],
                "policy": "签约服务个人不付费",
                "valid": True,
                "missing": [],
            }
        }
    )

    contract_id: str
    doctor_name: str | None
    phone: str | None
    services: list[str]
    policy: str | None
    valid: bool
    missing: list[str]
