"""The half-year's summary as a signed-in person takes it out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.reporting.exports.service import as_download
from services.reporting.screens.kit import PageRoute
from services.reporting.summaries import service
from services.reporting.summaries.service import SummaryForm
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/half-years", route_class=PageRoute, include_in_schema=False)


@router.get("/{period}/report.{form}")
async def report(
    period: Annotated[str, Path(max_length=10)],
    form: SummaryForm,
    caller: Annotated[Principal, signed_in("reporting:read")],
    context: Context,
) -> Response:
    """The same file as the API's."""
    return as_download(form, await service.export(context, caller, period, form))
