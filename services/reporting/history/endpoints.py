"""HTTP: figures of a time before the system."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from services.reporting.history import service
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["history"])


class HistoryAnswer(BaseModel):
    """Figures as a document gives them; never added to the system's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "period": "2016-H1",
                "source": "金口河区健康扶贫 2016 上半年总结",
                "historical": True,
                "households": {"value": 1438, "citation": "JK-30"},
                "persons": {"value": 3793, "citation": "JK-30"},
                "inpatients": {"value": 49, "citation": "JK-31"},
                "payers": [
                    {"payer": "patient", "amount": "26840.00", "citation": "JK-35"},
                ],
                "balance": {
                    "total": "125878.00",
                    "parts": "125877.00",
                    "gap": "1.00",
                    "tolerance": "1.00",
                    "within_tolerance": True,
                },
                "statistics": [
                    {
                        "name_zh": "孕前优生健康检查",
                        "name_en": "check before pregnancy",
                        "value": "186 人，检查率 60%",
                        "remark": "186÷60% 为 310 人，与全年目标 314 人不一致；按 314 人为 59.24%",
                        "citation": "JK-45",
                    }
                ],
                "personal_share": [{"area": "county", "value": "0.2132", "status": "missed"}],
            }
        }
    )

    period: str
    source: str
    historical: bool
    households: dict[str, Any]
    persons: dict[str, Any]
    inpatients: dict[str, Any]
    payers: list[dict[str, Any]]
    balance: dict[str, Any]
    """The stated total against the sum of its stated parts, with the gap and what is tolerated."""
    personal_share: list[dict[str, Any]]
    statistics: list[dict[str, Any]]
    """What else the document tells, each with what it comes to when it is worked out again."""


@router.get(
    "/history/{period}",
    summary="A period's figures from a document, before the system",
    responses={404: {"description": "`history_unknown`"}},
)
async def history(
    period: Annotated[str, Path(max_length=10, examples=["2016-H1"])],
    _caller: Annotated[Principal, requires("reporting:read")],
    context: Context,
) -> HistoryAnswer:
    """Rounding gaps are told, not hidden."""
    return HistoryAnswer(**service.history_of(context.region, period))
