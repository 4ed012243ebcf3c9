"""HTTP: recognitions."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from services.identity.recognition import rescoring, service
from services.identity.recognition.schemas import (
    RecognitionAnswer,
    RecognitionRequest,
    RescoringAnswer,
)
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.http.short_way import window_waits
from shared.http.work import Working
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
            " `credentials_insufficient`, `id_number_invalid`, `identifier_in_visit_no`"
        },
        429: {"description": "`too_many_guesses`: the client found nobody too often"},
    },
)
@window_waits
async def recognise(
    body: RecognitionRequest,
    caller: Annotated[Principal, requires("identity:recognise")],
    work: Working,
    context: Context,
) -> RecognitionAnswer:
    """By ID number (18 characters or 15 digits), or by name and birth date with the address.

    The categories are those in force on the visit's date. A wrong number beside name and birth
    date is noted as unreadable and the others decide.
    """
    return await service.recognise_at_window(work, context, caller, body)


# A write session although it reads: the look is written to the audit log.
@router.get(
    "/recognitions/{recognition_id}/rescoring",
    summary="Score a kept decision again, from its evidence and the weights of then",
    responses={
        404: {"description": "`recognition_unknown`"},
        409: {"description": "`weights_unusable`"},
    },
)
async def rescore(
    recognition_id: Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-000000000002"])],
    caller: Annotated[Principal, requires("identity:review")],
    session: Writes,
    context: Context,
) -> RescoringAnswer:
    """Says whether every weight and the score come out the same, to the bit."""
    return await rescoring.rescore(session, context, caller, recognition_id)
