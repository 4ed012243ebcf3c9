"""HTTP: the packs at hand, one of them whole, and the verdict on one that is sent."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.claims.calculation_refused import PackIsUnknown
from services.claims.packs import service
from services.claims.packs.presenting import summary, verdict_answer, whole
from services.claims.packs.schemas import (
    PackAnswer,
    PackFault,
    PackList,
    PackSummary,
    ValidateRequest,
    VerdictAnswer,
)
from services.claims.packs.verdict import judge
from services.claims.settlement.tiers import SettlementPack
from shared.db.session import Reads
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["packs"])

Reader = Annotated[Principal, requires("claims:quote")]


@router.get("/packs", summary="The packs at hand")
async def packs(caller: Reader, context: Context) -> PackList:  # noqa: ARG001 - scope is checked
    """Every pack with its version (a hash of its content); one that cannot be used says why."""
    found = service.listed(context)
    return PackList(
        items=[
            PackSummary(**summary(context, pack))
            for pack in found
            if isinstance(pack, SettlementPack)
        ],
        faults=[
            PackFault.of(fault)
            for refused in found
            if not isinstance(refused, SettlementPack)
            for fault in refused.errors
        ],
    )


@router.get(
    "/packs/{pack_id}",
    summary="One pack: its tiers, its parameters, their sources",
    responses={
        404: {"description": "`unknown_pack`, `unknown_pack_version`"},
        409: {"description": "`assumption_unconfirmed` (in production)"},
        422: {"description": "`pack_invalid`"},
    },
)
async def pack(
    pack_id: Annotated[str, Path(max_length=64, examples=["jinkouhe-2016"])],
    caller: Reader,  # noqa: ARG001 - the scope is checked
    context: Context,
    session: Reads,
    version: Annotated[
        str | None,
        Query(
            max_length=80, description="a settlement's `pack_version`: the pack as it was used then"
        ),
    ] = None,
) -> PackAnswer:
    """Who pays in which order and when, and every parameter with its citation and its history."""
    if version is not None:
        found = await service.version_of(session, pack_id, version)
    else:
        try:
            found = service.pack_of(context, pack_id)
        except PackIsUnknown as unknown:
            raise service.PackNotFound(unknown.detail) from unknown
    return whole(context, found, await service.versions(session, pack_id))


@router.post(
    "/packs/validate",
    summary="Everything wrong with a pack, at once",
    responses={422: {"description": "`pack_too_large`, `unknown_pack`, `validation_failed`"}},
)
async def validate(
    body: ValidateRequest,
    caller: Reader,  # noqa: ARG001 - the scope is checked
    context: Context,
) -> VerdictAnswer:
    """Send the pack's YAML files as texts by name; nothing is kept, no file is read or written.

    Each fault tells file, line, key, what is wrong and the cure. A sound pack's own cases are
    calculated. Aliases, repeated keys and foreign tags are refused.
    """
    folder = service.folder_to_judge(context, body.pack, body.files)
    async with service.one_at_a_time(context):
        verdict = await asyncio.to_thread(judge, folder)
    return verdict_answer(verdict)
