"""The pack browser ``/claims/packs``: every rule and value with its source, and a bill tried live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from services.claims.packs import service
from services.claims.packs.presenting import summary, whole
from services.claims.packs.schemas import ParameterAnswer
from services.claims.packs.trying import ROWS, at_fields, filled_rows, first_example, quote_of
from services.claims.screens.bill import shown_bill
from services.claims.screens.kit import PageRoute, render
from services.claims.screens.values import shown_value
from services.claims.screens.words import CATALOGUE_CLASSES, LEVELS, LINE_KINDS, PROGRAMMES
from services.claims.settlement.bill import ACCUMULATORS
from services.claims.settlement.calculating import quote as calculate
from services.claims.settlement.tiers import SettlementPack
from shared.clock import business_date
from shared.db.session import Reads, ReadSession
from shared.events.catalog.words import CATEGORY_WORDS, VISIT_TYPE_WORDS
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Typed, fields, told
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/packs", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("claims:quote")]
PackId = Annotated[str, Path(max_length=64)]


@router.get("")
async def packs(request: Request, caller: Caller, context: Context) -> Response:  # noqa: ARG001
    """The packs at hand, and why one cannot be used."""
    found = service.listed_by_id(context)
    return render(
        request,
        "packs.html",
        {
            "packs": [
                summary(context, pack) for _, pack in found if isinstance(pack, SettlementPack)
            ],
            "faults": [
                {"pack": pack_id, **told(refused), "faults": refused.errors}
                for pack_id, refused in found
                if isinstance(refused, Problem)
            ],
        },
    )


@router.get("/{pack_id}")
async def pack(
    pack_id: PackId,
    request: Request,
    caller: Caller,  # noqa: ARG001 - the scope is checked
    context: Context,
    session: Reads,
    version: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """One pack with an example calculated; of an earlier version, as it was."""
    if version is not None:
        then = await service.version_of(session, pack_id, version)
        return await _page(request, context, session, then, {"then": True})
    found, refused = service.readable(context, pack_id)
    if refused is not None:
        return await _page(request, context, session, found, {"refused": True})
    typed = first_example(found, business_date(context.clock.now()))
    return await _tried(request, context, session, found, typed, tried=False)


@router.post("/{pack_id}/try")
async def try_bill(
    pack_id: PackId,
    request: Request,
    caller: Caller,  # noqa: ARG001 - the scope is checked
    context: Context,
    session: Reads,
) -> Response:
    """The bill of the form, calculated as a settlement would; nothing is kept."""
    found = service.pack_of(context, pack_id)
    return await _tried(request, context, session, found, await fields(request), tried=True)


async def _tried(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    pack: SettlementPack,
    typed: Typed,
    *,
    tried: bool,
) -> Response:
    values: dict[str, Any] = {"typed": typed, "tried": tried}
    status = 200
    body, faults = quote_of(pack, typed)
    if body is not None:
        try:
            found = calculate(context, body)
            values["bill"] = shown_bill(found.as_breakdown(), pack, found.day)
        except Problem as problem:
            faults, others = at_fields(problem.errors, filled_rows(typed))
            values |= {"problem": told(problem), "others": others}
            # A pack whose source is silent on a value has its page all the same, with what is missing.
            status = problem.status if tried else 200
    else:
        status = 422
    return await _page(request, context, session, pack, {**values, "faults": faults}, status=status)


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    pack: SettlementPack,
    values: Mapping[str, Any],
    *,
    status: int = 200,
) -> Response:
    answer = whole(context, pack, await service.versions(session, pack.pack_id))
    frame = {
        "pack": answer,
        "parameters": [_shown(parameter) for parameter in answer.parameters],
        "described": {
            one.name: {"text_zh": one.description_zh, "text_en": one.description}
            for one in answer.parameters
        },
        "place": {tier.id: number for number, tier in enumerate(answer.tiers, start=1)},
        "visit_types": list(VISIT_TYPE_WORDS),
        "levels": list(LEVELS),
        "plans": sorted(answer.insurance_plans),
        "programmes": list(PROGRAMMES),
        "categories": list(CATEGORY_WORDS),
        "kinds": list(LINE_KINDS),
        "classes": list(CATALOGUE_CLASSES),
        "rows": ROWS,
        "year": ACCUMULATORS,
        "typed": Typed(),
        "faults": {},
        **dict.fromkeys(("then", "refused", "tried", "problem", "others", "bill")),
    }
    typed = values.get("typed", {})
    year_open = any(typed.get(name) for name in ACCUMULATORS)
    return render(request, "pack.html", {**frame, "year_open": year_open, **values}, status=status)


def _shown(parameter: ParameterAnswer) -> dict[str, Any]:
    """A parameter for reading: amounts with separators, ratios per hundred."""
    return {
        **parameter.model_dump(exclude={"values"}),
        "text_zh": parameter.description_zh,
        "text_en": parameter.description,
        "open": all(dated.value is None for dated in parameter.values),
        "history": [
            {
                "valid_from": dated.valid_from,
                "valid_to": dated.valid_to,
                "shown": shown_value(parameter.unit, dated.value),
            }
            for dated in parameter.values
        ],
    }
