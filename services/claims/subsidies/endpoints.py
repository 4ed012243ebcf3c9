"""HTTP: what of an enrolment contribution is subsidised."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.claims.subsidies import service
from services.claims.subsidies.schemas import SubsidyAnswer, SubsidyRequest
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["subsidies"])


@router.post(
    "/subsidies/quote",
    summary="What of an enrolment contribution is subsidised",
    responses={
        409: {"description": "`assumption_unconfirmed` (in production)"},
        422: {
            "description": "`unknown_pack`, `no_subsidies`, `missing_parameter` (the year's"
            " contribution), `pack_does_not_cover`, `unknown_value`, `unknown_parameter`"
        },
    },
)
async def quote(
    body: SubsidyRequest,
    caller: Annotated[Principal, requires("claims:quote")],  # noqa: ARG001 - scope is checked
    context: Context,
) -> SubsidyAnswer:
    """Stateless. One contribution is subsidised once, by the first rule of the pack that fits."""
    pack, result = service.quote(context, body)
    return SubsidyAnswer.model_validate(
        {"pack": pack.pack_id, "pack_version": pack.version, **result.as_answer()}
    )
