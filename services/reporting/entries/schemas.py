"""HTTP shapes of entered figures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.reporting.entries.domain import State
from services.reporting.indicators.catalogue import catalogue
from services.reporting.models import Entry
from shared.money import text_from_fen
from shared.security.free_text import Plain

_Text = Annotated[str, StringConstraints(max_length=40, strip_whitespace=True)]


class EntryRequest(BaseModel):
    """A figure of a place and period, with what proves it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "code": "insurance_coverage",
                "period": "2016-H1",
                "area": "county",
                "numerator": "3790",
                "denominator": "3793",
                "evidence": "2016 年参保名册比对表",
            }
        },
    )

    code: Annotated[str, StringConstraints(max_length=48)]
    period: Annotated[str, StringConstraints(max_length=10)]
    area: Annotated[str, StringConstraints(max_length=64)] = "county"
    """`county`, or a township's name."""
    numerator: _Text = ""
    """A count, or CNY where the unit is money."""
    denominator: _Text = ""
    stated: _Text = ""
    """`0.9946` or `99.46%`, where the document tells the share alone."""
    evidence: Annotated[Plain, Field(min_length=1, max_length=300)]


class WithdrawRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "分母按年初名册有误"}}
    )

    reason: Annotated[Plain, Field(min_length=1, max_length=300)]


_EXAMPLE: dict[str, Any] = {
    "entry_id": "01890a5d-ac96-774b-bcce-b302099a8070",
    "code": "insurance_coverage",
    "name_zh": "参保率",
    "name_en": "Insurance coverage",
    "owner_zh": "医保局",
    "owner_en": "insurance bureau",
    "period": "2016-H1",
    "area": "county",
    "numerator": 3790,
    "denominator": 3793,
    "stated": None,
    "evidence": "2016 年参保名册比对表",
    "state": "entered",
    "entered_by": "insurer",
    "entered_at": "2016-07-01T09:00:00+08:00",
    "confirmed_by": None,
    "confirmed_at": None,
    "reason": None,
}


class EntryAnswer(BaseModel):
    """An entered figure; only a confirmed one counts."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    entry_id: UUID
    code: str
    name_zh: str
    name_en: str
    owner_zh: str
    owner_en: str
    period: str
    area: str
    numerator: str | int | None
    denominator: str | int | None
    stated: str | None
    evidence: str
    state: State
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    reason: str | None


class EntryList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}}
    )

    items: list[EntryAnswer]
    next_cursor: str | None = None


def answer(entry: Entry) -> EntryAnswer:
    """An entry as it is told; one whose indicator the catalogue lost keeps its code as name."""
    indicator = catalogue().get(entry.code)
    told = indicator.entry if indicator else None

    def number(value: int | None) -> str | int | None:
        money = told is not None and told.unit == "money"
        return text_from_fen(value) if money and value is not None else value

    return EntryAnswer(
        entry_id=entry.entry_id,
        code=entry.code,
        name_zh=told.name.zh if told else entry.code,
        name_en=told.name.en if told else entry.code,
        owner_zh=told.owner.zh if told and told.owner else "—",
        owner_en=told.owner.en if told and told.owner else "—",
        period=entry.period,
        area=entry.township or "county",
        numerator=number(entry.numerator),
        denominator=number(entry.denominator),
        stated=None if entry.stated is None else f"{entry.stated / 10_000:.4f}",
        evidence=entry.evidence,
        state=entry.state,
        entered_by=entry.entered_by,
        entered_at=entry.entered_at,
        confirmed_by=entry.confirmed_by,
        confirmed_at=entry.confirmed_at,
        reason=entry.reason,
    )
