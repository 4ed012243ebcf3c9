"""HTTP shapes of data quality."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

_EXAMPLE: dict[str, Any] = {
    "code": "township_silent",
    "name_zh": "乡镇无数据",
    "name_en": "Townships without data",
    "advice_zh": "请核实医院接口和名册住址。",
    "advice_en": "Look at the hospitals' links and the registry's homes.",
    "count": 1,
    "findings": [
        {
            "township": "和平彝族乡",
            "facility_code": None,
            "encounter_id": None,
            "detail": {"persons": "210"},
        }
    ],
}


class Finding(BaseModel):
    """One thing to look at, without any person."""

    township: str | None = None
    facility_code: str | None = None
    encounter_id: str | None = None
    detail: dict[str, str]


class CheckAnswer(BaseModel):
    """One check: how many findings, and the first fifty."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    code: str
    name_zh: str
    name_en: str
    advice_zh: str
    advice_en: str
    count: int
    findings: list[Finding]


class CheckList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"period": "2016-05", "items": [_EXAMPLE]}}
    )

    period: str
    items: list[CheckAnswer]
