"""HTTP: recognitions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.identity.recognition import service
from services.identity.recognition.schemas import RecognitionAnswer, RecognitionRequest
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["recognitions"])


@router.post(
    "/recognitions",
    summary="Recognise a patient at a visit",
    responses={
        403: {"description": "`facility_not_yours`"},
        422: {
            "description": "`unknown_facility`, `visit_time_implausible`,"
            " `credentials_insufficient`, `id_number_invalid`"
        },
    },
)
async def recognise(
    body: RecognitionRequest,
    caller: Annotated[Principal, requires("identity:recognise")],
    session: Writes,
    context: Context,
) -> RecognitionAnswer:
    """By ID number (18 characters or 15 digits), or by name and birth date with the address.

    The categories are those in force on the visit's date. A wrong number beside name and birth
    date is noted as unreadable and the others decide.
    """
    return await service.recognise(session, context, caller, body)
