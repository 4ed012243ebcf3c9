"""HTTP: half-year summaries."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.exports.service import MEDIA_TYPES, as_download
from services.reporting.summaries import service
from services.reporting.summaries.service import SummaryForm
from shared.db.session import Reads
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["half-years"])

Reader = Annotated[Principal, requires("reporting:read")]
Period = Annotated[str, Path(max_length=10, examples=["2016-H1"])]

_BILLS: dict[str, Any] = {
    "visits": 52,
    "persons": 49,
    "total": "125878.00",
    "total_wan": "12.5878",
    "patient": "26840.00",
    "out_of_catalogue": "9063.20",
    "payers": [
        {"payer": "basic_insurance", "amount": "79290.00", "amount_wan": "7.9290"},
        {"payer": "patient", "amount": "26840.00", "amount_wan": "2.6840"},
    ],
    "personal_share": "0.2132",
    "personal_share_status": "missed",
    "out_of_catalogue_share": "0.0720",
    "out_of_catalogue_share_status": "met",
    "gap_wan": {"gap": "1.00", "tolerance": "1.00", "within_tolerance": True},
}


class HalfYearAnswer(BaseModel):
    """A half-year from what is signed of it; months that are not signed are named, not counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "period": "2016-H1",
                "region": {"code": "511113", "name_zh": "金口河区"},
                "months": [
                    {
                        "month": "2016-03",
                        "number": "511113-2016-03-1",
                        "sha256": "0" * 64,
                        "total": "5000.00",
                        "patient": "991.27",
                        "personal_share": "0.1983",
                        "status": "missed",
                        "corrections": 0,
                    }
                ],
                "missing": ["2016-01"],
                "stays": _BILLS,
                "visits": _BILLS,
                "target": "0.10",
                "adjusted": "712.34",
                "townships": [{"name_zh": "金河镇", **_BILLS}],
                "facility_kinds": [{"kind": "township_hospitals", **_BILLS}],
                "people": {"day": "2016-06-30", "persons": 3793, "households": 1438},
                "indicators": [
                    {
                        "code": "personal_share",
                        "name_zh": "个人支付占比",
                        "name_en": "Patients' own share",
                        "target": "0.10",
                        "direction": "at_most",
                        "unit": "money",
                        "months": {"2016-03": {"value": "0.1983", "status": "missed"}},
                    }
                ],
                "overdue": [],
                "history": None,
            }
        }
    )

    period: str
    region: dict[str, str]
    months: list[dict[str, Any]]
    missing: list[str]
    """Months without a standing signature."""
    stays: dict[str, Any] = Field(description="Inpatient stays of registered persons.")
    visits: dict[str, Any] = Field(description="Every settled visit of registered persons.")
    target: str | None = None
    """Of the patients' own share, as the last signed month was judged."""
    adjusted: str
    """How much of the visits' total later signatures added (or took away) as adjustments."""
    townships: list[dict[str, Any]]
    facility_kinds: list[dict[str, Any]]
    people: dict[str, Any] | None
    indicators: list[dict[str, Any]]
    overdue: list[dict[str, Any]]
    history: dict[str, Any] | None
    """What a document of the time before the system tells; never added to the rest."""


@router.get(
    "/half-years/{period}",
    summary="A half-year from its signed months",
    responses={
        404: {"description": "`half_year_unknown`"},
        422: {"description": "`period_malformed`"},
    },
)
async def half_year(
    period: Period, _caller: Reader, session: Reads, context: Context
) -> HalfYearAnswer:
    """Amounts in CNY and in 万元; what rounding to 万元 loses is told, not hidden (JK-36)."""
    return HalfYearAnswer(**await service.summary(session, context, period))


@router.get(
    "/half-years/{period}/report.{form}",
    summary="The half-year's summary as document, PDF or workbook",
    response_class=Response,
    responses={
        200: {
            "content": {
                MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}}
                for form in ("pdf", "docx", "xlsx")
            }
        },
        404: {"description": "`half_year_unknown`"},
    },
)
async def report(period: Period, form: SummaryForm, caller: Reader, context: Context) -> Response:
    """With the reader, the time and the copy's number on every page. Logged."""
    return as_download(form, await service.export(context, caller, period, form))
