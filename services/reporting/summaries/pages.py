"""The half-year's summary on the screen: the very report that is exported, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.reporting.exports.domain import Cell, Column, Report, Table, heads, shown
from services.reporting.exports.report import STATES
from services.reporting.exports.service import as_download
from services.reporting.exports.workbook import kind_of
from services.reporting.screens.kit import PageRoute, render
from services.reporting.summaries import service
from services.reporting.summaries.report import summary_report
from services.reporting.summaries.service import SummaryForm
from shared.db.session import Reads
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.kit import see
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/half-years", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]
Period = Annotated[str, Path(max_length=10)]

_STATE_OF = {word: state for state, word in STATES.items() if word != "—"}


@router.get("")
async def newest(_caller: Reader, session: Reads, context: Context) -> Response:
    """The newest half-year of which something is told; the month closes where nothing is."""
    found = await service.told_of(session, context)
    return see(f"/reporting/half-years/{found[0]}" if found else "/reporting/closes")


@router.get("/{period}")
async def half_year(
    period: Period, request: Request, _caller: Reader, session: Reads, context: Context
) -> Response:
    """Sentences by section, then the tables, as the files have them."""
    found = await service.summary(session, context, period)
    return render(
        request,
        "half_year.html",
        {
            "period": period,
            "periods": await service.told_of(session, context),
            "lights": _lights(found),
            "paper": _shown(summary_report(found)),
        },
    )


@router.get("/{period}/report.{form}")
async def report(period: Period, form: SummaryForm, caller: Reader, context: Context) -> Response:
    """The same file as the API's."""
    return as_download(form, await service.export(context, caller, period, form))


def _lights(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The shares that the half-year is judged by: of signed months, and of the document."""
    lights = []
    if any(each["number"] for each in found["months"]):
        share = found["stays"]["personal_share"]
        lights.append(
            {
                "name_zh": "住院个人支付占比(已签发月份)",
                "name_en": "Patients' own share of stays (signed months)",
                "value": share,
                "status": found["stays"]["personal_share_status"],
                "target": found["target"],
            }
        )
    lights += [
        {
            "name_zh": f"{each['name_zh']}住院个人支出占比(历史文件)",
            "name_en": f"Patients' own share of stays, {each['name_en']} (document)",
            "value": each["value"],
            "status": each["status"],
            "target": each["target"],
        }
        for each in (found["history"]["personal_share"] if found["history"] else ())
    ]
    return lights


def _shown(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "mark": report.mark,
        "facts": report.facts,
        "summary": report.summary,
        "tables": [_table(each) for each in report.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "columns": table.columns,
        "groups": table.groups() if table.grouped else (),
        "heads": heads(table),
        "rows": [
            [_cell(value, column) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
    }


def _cell(value: Cell, column: Column) -> dict[str, Any]:
    """As the files write it; a state has its colour too."""
    text = shown(value, kind_of(column.kind, value))
    return {"text": text, "figure": column.kind != "text", "state": _STATE_OF.get(text)}
