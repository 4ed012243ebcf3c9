"""HTTP: the packs at hand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from services.claims.calculation_refused import PackIsUnknown
from services.claims.packs import service
from services.claims.packs.schemas import (
    DatedValueAnswer,
    PackAnswer,
    PackFault,
    PackList,
    PackSummary,
    ParameterAnswer,
    TierAnswer,
)
from services.claims.settlement.tiers import SettlementPack
from shared.http.routing import YizhanRoute
from shared.policy.parameters import Parameter
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["packs"])

Reader = Annotated[Principal, requires("claims:quote")]


def _summary(context: ServiceContext, pack: SettlementPack) -> dict[str, Any]:
    return {
        "pack": pack.pack_id,
        "pack_version": pack.version,
        "title": pack.title.en,
        "title_zh": pack.title.zh,
        "valid_from": pack.valid_from,
        "valid_to": pack.valid_to,
        "in_force": pack.pack_id == context.region.pack_id,
        "assumptions": sorted(pack.parameters.assumed_names),
    }


def _parameter(parameter: Parameter) -> ParameterAnswer:
    return ParameterAnswer(
        name=parameter.name,
        description=parameter.description.en,
        description_zh=parameter.description.zh,
        unit=parameter.unit,
        document=parameter.citation.document,
        article=parameter.citation.article,
        assumed=parameter.assumed,
        note=parameter.note,
        values=[
            DatedValueAnswer(
                valid_from=dated.start,
                valid_to=dated.until,
                value=service.written(parameter, dated.value),
            )
            for dated in parameter.values
        ],
    )


@router.get("/packs", summary="The packs at hand")
async def packs(caller: Reader, context: Context) -> PackList:  # noqa: ARG001 - scope is checked
    """Every pack with its version (a hash of its content); one that cannot be loaded says why."""
    found = service.listed(context)
    return PackList(
        items=[
            PackSummary(**_summary(context, pack))
            for pack in found
            if isinstance(pack, SettlementPack)
        ],
        faults=[
            PackFault.of(fault)
            for invalid in found
            if not isinstance(invalid, SettlementPack)
            for fault in invalid.errors
        ],
    )


@router.get(
    "/packs/{pack_id}",
    summary="One pack: its tiers, its parameters, their sources",
    responses={404: {"description": "`unknown_pack`"}, 422: {"description": "`pack_invalid`"}},
)
async def pack(
    pack_id: Annotated[str, Path(max_length=64, examples=["jinkouhe-2016"])],
    caller: Reader,  # noqa: ARG001 - the scope is checked
    context: Context,
) -> PackAnswer:
    """Who pays in which order, and every parameter with its citation and its history."""
    try:
        found = service.pack_of(context, pack_id)
    except PackIsUnknown as unknown:
        raise service.PackNotFound(unknown.detail) from unknown
    return PackAnswer(
        **_summary(context, found),
        tiers=[
            TierAnswer(
                id=tier.head.id,
                payer=tier.head.payer,
                mode="immediate",
                document=tier.head.citation.document,
                article=tier.head.citation.article,
            )
            for tier in found.tiers
        ]
        + [
            TierAnswer(
                id=waiting.id,
                payer=waiting.payer,
                mode=waiting.mode,
                document=waiting.citation.document,
                article=waiting.citation.article,
            )
            for waiting in found.waiting
        ],
        parameters=[_parameter(parameter) for parameter in found.parameters.by_name.values()],
    )
