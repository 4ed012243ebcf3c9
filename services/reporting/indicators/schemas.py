"""HTTP shapes of indicators."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.reporting.figures.domain import Direction, Status
from services.reporting.indicators.catalogue import Unit

_FIGURE_EXAMPLE: dict[str, Any] = {
    "code": "personal_share",
    "name_zh": "个人支付占比",
    "name_en": "Patients' own share",
    "numerator": "991.27",
    "numerator_zh": "登记对象个人支付金额",
    "numerator_en": "paid by registered patients themselves",
    "denominator": "5000.00",
    "denominator_zh": "登记对象医疗总费用",
    "denominator_en": "total cost of registered patients",
    "exclusions_zh": "按出院月份统计已结算就诊；不含已冲销结算，不含就诊日不在册人员。",
    "exclusions_en": "Settled visits by month of discharge.",
    "value": "0.1983",
    "unit": "money",
    "target": "0.10",
    "target_set_by_zh": "金口河区",
    "target_set_by_en": "Jinkouhe District",
    "target_own": True,
    "direction": "at_most",
    "status": "missed",
    "citation": "金口河区健康扶贫 2016 · JK-15",
    "area": "county",
    "period": "2016-03",
    "records": 1,
    "as_of": "2016-03-08T10:05:00+08:00",
    "provisional": True,
}

_LEFT_OUT_EXAMPLE: dict[str, Any] = {
    "code": "leaflet_rate",
    "name_zh": "宣传单入户率",
    "name_en": "Households with a leaflet",
    "reason_zh": "金口河区 2016 年文件未提出，属新宾县 2018 的要求(XB-50)",
    "reason_en": "Not in Jinkouhe's document of 2016; it is asked for by Xinbin 2018 (XB-50)",
}


class IndicatorAnswer(BaseModel):
    """One indicator for one area and period, with all that is needed to judge it."""

    model_config = ConfigDict(json_schema_extra={"example": _FIGURE_EXAMPLE})

    code: str
    name_zh: str
    name_en: str
    numerator: str | int
    """CNY text where the unit is money, else a count."""
    numerator_zh: str
    numerator_en: str
    denominator: str | int
    denominator_zh: str
    denominator_en: str
    exclusions_zh: str
    exclusions_en: str
    value: str | None
    """The share with four decimals; null when the denominator is 0."""
    unit: Unit
    """`number`: the value is the numerator itself; `per_100k`: it is a rate per 100,000."""
    target: str | None
    target_set_by_zh: str | None = None
    """Whose target it is."""
    target_set_by_en: str | None = None
    target_own: bool | None = None
    """Set by the county's own documents; false: another county's, gone by until it sets its own."""
    direction: Direction | None
    status: Status
    """`none`: no document sets a target; `not_applicable`: the denominator is 0."""
    citation: str
    owner_zh: str | None = None
    """Who enters the figure, where no service can tell it."""
    owner_en: str | None = None
    assumed: str | None = None
    """What no document says and was chosen here."""
    area: str
    period: str
    records: int
    """How many records the denominator counts: the length of the list behind the number."""
    as_of: datetime | None
    provisional: bool = True
    """Live figures may still change; closed months will not."""


class LeftOutAnswer(BaseModel):
    """An indicator of the catalogue that the county does not count."""

    model_config = ConfigDict(json_schema_extra={"example": _LEFT_OUT_EXAMPLE})

    code: str
    name_zh: str
    name_en: str
    reason_zh: str
    reason_en: str


class IndicatorList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [_FIGURE_EXAMPLE],
                "left_out": [_LEFT_OUT_EXAMPLE],
                "next_cursor": None,
            }
        }
    )

    items: list[IndicatorAnswer]
    left_out: list[LeftOutAnswer] = []
    """What the county's documents do not ask for."""
    next_cursor: str | None = None


_PART_EXAMPLE: dict[str, Any] = {
    "area": "金河镇",
    "name_zh": "金河镇",
    "name_en": "Jinhe Town",
    "numerator": "991.27",
    "denominator": "5000.00",
    "value": "0.1983",
    "status": "missed",
    "records": 1,
}


class PartAnswer(BaseModel):
    """An indicator of one part of an area."""

    model_config = ConfigDict(json_schema_extra={"example": _PART_EXAMPLE})

    area: str
    """To ask on with."""
    name_zh: str
    name_en: str
    numerator: str | int
    denominator: str | int
    value: str | None
    status: Status
    records: int


class PartList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_PART_EXAMPLE], "next_cursor": None}}
    )

    items: list[PartAnswer]
    next_cursor: str | None = None


_RECORD_EXAMPLE: dict[str, Any] = {
    "record_id": "01890a5d-ac96-774b-bcce-b302099a8070",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8059",
    "facility_code": "H51111300101",
    "township": "金河镇",
    "village": "曙光村",
    "day": "2016-03-08",
    "numerator": "991.27",
    "denominator": "5000.00",
}


class RecordAnswer(BaseModel):
    """One record behind a number: who by pseudonym, where, when, and what it adds."""

    model_config = ConfigDict(json_schema_extra={"example": _RECORD_EXAMPLE})

    record_id: str
    person_id: str | None
    encounter_id: str | None
    facility_code: str | None
    township: str | None
    village: str | None
    day: date
    numerator: str | int
    denominator: str | int


class RecordList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_RECORD_EXAMPLE], "next_cursor": None}}
    )

    items: list[RecordAnswer]
    next_cursor: str | None
