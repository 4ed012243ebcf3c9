"""The county's page at ``/``: drawn by the server, complete without scripts, live with them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from services.reporting.dashboard import service
from services.reporting.dashboard.texts import TEXTS
from services.reporting.screens.kit import kit
from services.reporting.settings import settings_of
from shared.http.problem import Forbidden, Problem, Unauthorized
from shared.money import fen_from_text, ratio_text
from shared.policy.region import RegionPack
from shared.runtime.context import Context, ServiceContext
from shared.security.sessions import session_of
from shared.web import figures
from shared.web.language import Language, language_of
from shared.web.screens import Screens

HERE = Path(__file__).parent
LIVE_URL = "/reporting/v1/live"
MEASURES = ("personal_share", "visits", "total")
"""What the two charts can show; the first is shown when the address does not say."""

SLIDE_S = 20
"""How long a slide stands on the wall."""
_SILENT_HEARTBEATS = 2.5
"""After so many heartbeats' time without a byte, the page takes its line for cut."""

PATIENT = "patient"
_PATTERNS = {
    "basic_insurance": "1",
    "critical_illness": "2",
    "medical_aid": "3",
    "second_compensation": "4",
    "commercial_insurance": "4",
    "special_fund": "5",
    "waiver_fund": "5",
    "emergency_aid": "6",
    "charity_fund": "6",
    "hospital": "6",
    PATIENT: PATIENT,
}
"""Payer → colour and pattern, so that a payer looks the same on every page and in grey print."""

_screens = Screens(HERE / "templates", TEXTS)

root_router = APIRouter(include_in_schema=False)
"""``/``, mounted at the host's root."""


@root_router.get("/")
async def county_page(
    request: Request,
    context: Context,
    area: Annotated[str, Query(max_length=120)] = "",
    period: Annotated[str, Query(max_length=20)] = "",
    by: Annotated[str, Query(max_length=20)] = "",
    wall: Annotated[bool, Query()] = False,
    slide: Annotated[int | None, Query(ge=0)] = None,
) -> HTMLResponse:
    """The figures of one place and period; ``area`` and ``period`` empty: the county, the latest.

    On a wall, ``slide`` turns by itself from the county's figures to each township's and back.
    """
    next_slide = None
    if slide is not None:
        area, by, following = slide_of(context.region, slide)
        asked = {"wall": "1", "slide": following, "period": period}
        next_slide = "/?" + urlencode({key: value for key, value in asked.items() if value != ""})
    try:
        _must_be_open(context, request)
        data = await service.dashboard(context, area=area or None, period=period or None)
    except Problem as problem:
        return _screens.render(
            request,
            "dashboard_problem.html",
            {"problem": _told(problem, language_of(request))},
            status_code=problem.status,
        )
    return draw(
        request,
        data,
        measure=by if by in MEASURES else MEASURES[0],
        wall=wall,
        next_slide=next_slide,
        heartbeat_s=settings_of(context).live_heartbeat_s,
    )


def slide_of(region: RegionPack, number: int) -> tuple[str, str, int]:
    """Place and measure of a slide, and the number of the one after it."""
    slides = [("", measure) for measure in MEASURES]
    slides += [(township.name_zh, MEASURES[0]) for township in region.townships]
    at = number % len(slides)
    return (*slides[at], (at + 1) % len(slides))


def draw(
    request: Request,
    data: Mapping[str, Any],
    *,
    measure: str,
    heartbeat_s: float,
    wall: bool = False,
    next_slide: str | None = None,
) -> HTMLResponse:
    """The page of one dashboard document (the shape of ``GET /reporting/dashboard/data``)."""
    language = language_of(request)
    payers, payers_total = _payers(data["payers"])
    county = data["crumbs"][0]["code"]
    shown_area = "" if data["area"]["code"] == county else data["area"]["code"]

    def link(*, area: str | None = None, by: str | None = None) -> str:
        """The address of the same page with another place or measure."""
        asked = {
            "area": shown_area if area is None else ("" if area == county else area),
            "period": data["period"]["code"],
            "by": by or measure,
        }
        if asked["by"] == MEASURES[0]:
            del asked["by"]
        return "/?" + urlencode({key: value for key, value in asked.items() if value})

    return _screens.render(
        request,
        "dashboard.html",
        {
            "data": data,
            "payers": payers,
            "payers_total": payers_total,
            "measure": measure,
            "measure_codes": MEASURES,
            "link": link,
            "shown_area": shown_area,
            "live": [_live_line(line, language) for line in data["live"]],
            "live_url": LIVE_URL,
            "own_asset": kit.assets.url,
            "chart_data": _chart_data(data, payers, measure, language, link),
            "drawn": {rows: _has_figures(data[rows], measure) for rows in ("places", "months")},
            "may_ask": _may_ask(request),
            "wall": wall,
            "next_slide": next_slide,
            "slide_s": SLIDE_S,
            "silent_ms": round(heartbeat_s * _SILENT_HEARTBEATS * 1000),
        },
    )


def _has_figures(rows: list[dict[str, Any]], measure: str) -> bool:
    """Whether a chart has anything to draw: a share of 0 is a figure, no visit at all is none."""
    if measure == "personal_share":
        return any(row[measure] is not None for row in rows)
    return any(Decimal(row[measure]) for row in rows)


def _may_ask(request: Request) -> bool:
    """Whether a figure's own page is worth a link; whoever is not signed in may sign in there."""
    session = session_of(request)
    return session is None or "reporting:read" in session.user.scopes


def _must_be_open(context: ServiceContext, request: Request) -> None:
    """The page shows no person and may stand open; a county can close it (``open_dashboard``).

    Raises:
        Unauthorized, Forbidden: it is closed, and neither the person nor the token may read it.
    """
    if context.settings.open_dashboard:
        return
    session = session_of(request)
    if session is not None and "reporting:read" in session.user.scopes:
        return
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthorized
    if "reporting:read" not in context.tokens.verify(token).scopes:
        raise Forbidden


def _told(problem: Problem, language: Language) -> dict[str, str]:
    """What went wrong and the cure, in the reader's language; a problem's detail is English."""
    cure = [
        fault.message_zh if language is Language.ZH else fault.message for fault in problem.errors
    ]
    if isinstance(problem, Unauthorized | Forbidden):
        cure = [_screens.texts.get(language, "problem.signed")]
    return {"title_zh": problem.title_zh, "title_en": problem.title, "cure": "；".join(cure)}


def _payers(shares: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str | None]:
    """Each payer with share of the whole and pattern; the patient last. None: nothing settled."""
    amounts = {share["payer"]: fen_from_text(share["amount"]) for share in shares}
    total_fen = sum(amounts.values())
    if total_fen == 0:
        return [], None
    drawn = [
        {
            "payer": share["payer"],
            "amount": share["amount"],
            "share": ratio_text(amounts[share["payer"]], total_fen),
            "pattern": _PATTERNS[share["payer"]],
        }
        for share in sorted(shares, key=lambda share: share["payer"] == PATIENT)
        if amounts[share["payer"]] != 0 or share["payer"] == PATIENT
    ]
    return drawn, str(Decimal(total_fen) / 100)


_LIVE_KINDS = {
    "settlement.made": "settled",
    "settlement.reversed": "reversed",
    "encounter.opened": "opened",
    "encounter.discharged": "discharged",
}


def _live_line(line: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """One line of the ticker: when, where, what; never who."""
    kind = _LIVE_KINDS.get(line["type"], "other")
    if line["type"] == "recognition.made":
        kind = str(line["grade"])
    text = _screens.texts.get(
        language,
        f"live.{kind}",
        total=figures.money(line.get("total")),
        patient=figures.money(line.get("patient_pays")),
    )
    return {**line, "text": text, "clock": figures.moment(line["time"])[5:]}


def _chart_data(
    data: Mapping[str, Any],
    payers: list[dict[str, Any]],
    measure: str,
    language: Language,
    link: Any,
) -> dict[str, Any]:
    """What the script draws; the same figures that stand in the tables."""

    def name(record: Mapping[str, Any]) -> str:
        return str(record.get(f"name_{language.value}") or record["name_zh"])

    def value(record: Mapping[str, Any]) -> float | None:
        raw = record[measure]
        if raw is None:
            return None
        return float(Decimal(raw) * 100) if measure == "personal_share" else float(raw)

    share_card = next((c for c in data["cards"] if c["code"] == "personal_share"), None)
    target = share_card["target"] if share_card and measure == "personal_share" else None
    texts = _screens.texts
    return {
        "measure": measure,
        "unit": {"personal_share": "%", "visits": "", "total": texts.get(language, "unit.cny")}[
            measure
        ],
        "target": None if target is None else float(Decimal(target) * 100),
        "payers": [
            {
                "name": texts.get(language, f"payer.{payer['payer']}"),
                "amount": float(payer["amount"]),
                "share": float(Decimal(payer["share"]) * 100),
                "pattern": payer["pattern"],
            }
            for payer in payers
        ],
        "places": [
            {
                "name": name(place),
                "value": value(place),
                "href": link(area=place["code"]) if place["drillable"] else None,
            }
            for place in data["places"]
        ],
        "months": [{"name": month["month"], "value": value(month)} for month in data["months"]],
        "texts": texts.starting_with(language, "script."),
    }
