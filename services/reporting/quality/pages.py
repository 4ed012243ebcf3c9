"""The screen ``/reporting/quality``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting.dashboard.service import shown_choices
from services.reporting.figures import places, repository
from services.reporting.figures.domain import Area
from services.reporting.indicators.catalogue import catalogue
from services.reporting.quality import service
from services.reporting.quality.schemas import Finding
from services.reporting.quality.words import DETAILS
from services.reporting.screens.kit import PageRoute, render
from shared.db.session import Reads
from shared.money import text_from_fen
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.language import Language, language_of
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/quality", route_class=PageRoute, include_in_schema=False)


@router.get("")
async def quality(
    request: Request,
    _caller: Annotated[Principal, signed_in("reporting:read")],
    session: Reads,
    context: Context,
    period: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Every check of a period; those with findings first."""
    code, found = await service.checks(session, context, period or None)
    language = language_of(request)
    checks: list[dict[str, Any]] = [
        {
            **each.model_dump(),
            "findings": [_shown(context, one, language) for one in each.findings],
        }
        for each in sorted(found, key=lambda each: each.count == 0)
    ]
    periods = shown_choices(await repository.months_with_visits(session), code)
    return render(request, "quality.html", {"checks": checks, "period": code, "periods": periods})


def _shown(context: ServiceContext, finding: Finding, language: Language) -> dict[str, Any]:
    place = finding.township
    if finding.facility_code is not None:
        named = places.place_of(
            context.region, Area("facility", facility_code=finding.facility_code)
        )
        place = named.name_zh if language is Language.ZH else named.name_en
    return {
        "place": place,
        "encounter_id": finding.encounter_id,
        "words": [_word(name, value, language) for name, value in finding.detail.items()],
    }


def _word(name: str, value: str, language: Language) -> str:
    zh = language is Language.ZH
    label = DETAILS[name][0 if zh else 1]
    if name == "code":
        known = catalogue().get(value)
        value = value if known is None else (known.entry.name.zh if zh else known.entry.name.en)
    elif name.endswith("_fen"):
        value = text_from_fen(int(value))
    elif name == "what":
        value = DETAILS[value][0 if zh else 1]
    elif name == "other":
        value = value[-8:]
    return f"{label} {value}"
