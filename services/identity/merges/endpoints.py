"""HTTP: merging two registered persons, and undoing it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from services.identity.merges import service
from services.identity.merges.schemas import (
    MergeAnswer,
    MergeHistory,
    MergeRequest,
    UndoRequest,
)
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["merges"])

Caller = Annotated[Principal, requires("identity:review")]
PersonId = Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-000000000003"])]
MergeId = Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-00000000000b"])]


@router.post(
    "/persons/{person_id}/merge",
    summary="Two registered persons are one; the person in the path is kept",
    responses={
        404: {"description": "`person_unknown`"},
        409: {"description": "`merged_already`, `person_absorbed`, `person_keeps_others`"},
        422: {"description": "`same_person_id`, `reason_missing`"},
    },
)
async def merge(
    person_id: PersonId, body: MergeRequest, caller: Caller, session: Writes, context: Context
) -> MergeAnswer:
    """Nothing is moved: from now on both ids mean the kept person, until the merge is undone."""
    return await service.merge(session, context, caller, person_id, body)


@router.post(
    "/merges/{merge_id}/undo",
    summary="Take a merge back",
    responses={
        404: {"description": "`merge_unknown`"},
        409: {"description": "`merge_undone_already`"},
    },
)
async def undo(
    merge_id: MergeId,
    caller: Caller,
    session: Writes,
    context: Context,
    body: UndoRequest | None = None,
) -> MergeAnswer:
    """Each person is again who he was; what was recorded meanwhile stays with its own id."""
    return await service.undo(session, context, caller, merge_id, body)


@router.get(
    "/persons/{person_id}/merges",
    summary="Every merge that a person was ever part of",
    responses={404: {"description": "`person_unknown`"}},
)
async def history(
    person_id: PersonId, caller: Caller, session: Reads, context: Context
) -> MergeHistory:
    """Newest first, with those that were undone."""
    return await service.history(session, context, caller, person_id)
