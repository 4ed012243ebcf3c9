"""The screen ``/reporting/standards``: how the county stands on a day, who fails, the villages' map."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting.register.access import county_only
from services.reporting.screens.kit import PageRoute, render, said
from services.reporting.standards import files, repository, service
from services.reporting.standards.answering import bounded, groups_of, summary_of, unit_answer
from services.reporting.standards.domain import Unit
from services.reporting.standards.facts import KINDS, Kind
from services.reporting.standards.service import Verdict
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields
from shared.web.kit import CLOSES_FILES, Said, attempt, fields, see, told, uploaded
from shared.web.signin.required import signed_in

LISTED = 150
_FAULTS_SHOWN = 20
_SHAPES = {"met": "●", "missed": "▼", "unknown": "?", "exempt": "", "not_required": ""}

router = APIRouter(
    prefix="/standards", route_class=PageRoute, include_in_schema=False,
    dependencies=[CLOSES_FILES],
)  # fmt: skip

Reader = Annotated[Principal, signed_in("reporting:read")]
Recorder = Annotated[Principal, signed_in("reporting:standards")]
Keeper = Annotated[Principal, signed_in("reporting:register")]


@router.get("")
async def standards(
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    as_of: Annotated[str, Query(max_length=10)] = "",
    township: Annotated[str, Query(max_length=64)] = "",
    done: Annotated[str, Query(max_length=8)] = "",
    opened: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Rules, failing units with their cure, and the map."""
    words = said("standards.map.done") if done == "map" else None
    if done == "items":
        words = said("standards.items.done", n=opened)
    return await _page(
        request, context, session, caller, as_of=as_of, township=township, done=words
    )


@router.post("/import")
async def send(request: Request, caller: Recorder, session: Writes, context: Context) -> Response:
    """Facts from a workbook or CSV; checked only, where that is chosen."""
    typed = await fields(request)
    file = await uploaded(request, "file")
    kind = _kind(typed["kind"])
    if file is None or kind is None:
        faults = {"file": said("standards.record.missing")}
        return await _page(
            request, context, session, caller, form="record", faults=faults, status=422
        )
    content = await attempt(session, bounded(context, file))
    if isinstance(content, Problem):
        return await _refused(request, context, session, caller, "record", content)
    tried = bool(typed["try"])
    made = await attempt(
        session, service.import_file(session, context, caller, kind, content, dry_run=tried)
    )
    if isinstance(made, Problem):
        return await _refused(request, context, session, caller, "record", made)
    counts = {
        name: sum(each.verdict == name for each in made)
        for name in ("accepted", "unchanged", "rejected")
    }
    key = "standards.record.tried" if tried else "standards.record.done"
    return await _page(
        request, context, session, caller, form="record", kind=kind,
        done=said(key, rows=len(made), **counts), rows=_rows(made),
    )  # fmt: skip


def _kind(text: str) -> Kind | None:
    return next((kind for kind in KINDS if kind == text), None)


def _rows(verdicts: list[Verdict]) -> list[dict[str, Any]]:
    return [
        {
            "row": each.number,
            "column": files.HEADERS.get(each.fault.field, ""),
            "text_zh": each.fault.message_zh,
            "text_en": each.fault.message,
        }
        for each in verdicts
        if each.fault is not None
    ][:_FAULTS_SHOWN]


@router.post("/map")
async def upload_map(
    request: Request, caller: Recorder, session: Writes, context: Context
) -> Response:
    """The county's GeoJSON."""
    county_only(caller)
    await fields(request)
    file = await uploaded(request, "map")
    if file is None:
        faults = {"map": said("standards.record.missing")}
        return await _page(request, context, session, caller, form="map", faults=faults, status=422)
    content = await attempt(session, bounded(context, file))
    if isinstance(content, Problem):
        return await _refused(request, context, session, caller, "map", content)
    made = await attempt(session, service.keep_map(session, context, caller, content))
    if isinstance(made, Problem):
        return await _refused(request, context, session, caller, "map", made)
    return see("/reporting/standards?done=map")


@router.post("/open-items")
async def open_items(
    request: Request, caller: Keeper, session: Writes, context: Context
) -> Response:
    """An item of the register for each unit that fails on the day shown."""
    typed = await fields(request)
    day, _ = _day(typed["as_of"])
    opened = await service.open_items(session, context, caller, day)
    return see(f"/reporting/standards?done=items&opened={len(opened)}")


@router.get("/template-{kind}.xlsx")
async def template(kind: Kind, _caller: Reader) -> Response:
    """The workbook to fill in."""
    return Response(
        files.template(kind),
        media_type=files.XLSX,
        headers={
            "Content-Disposition": f'attachment; filename="standards-{kind}.xlsx"',
            "cache-control": "no-store",
        },
    )


async def _refused(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    form: str,
    problem: Problem,
) -> Response:
    field = "map" if form == "map" else "file"
    names = {fault.field.partition("[")[0]: field for fault in problem.errors}
    return await _page(
        request, context, session, caller, form=form, problem=told(problem),
        faults=at_fields(problem.errors, names), status=problem.status,
    )  # fmt: skip


def _day(text: str) -> tuple[date | None, dict[str, Said]]:
    if not text:
        return None, {}
    try:
        return date.fromisoformat(text), {}
    except ValueError:
        return None, {"as_of": said("standards.date.wrong")}


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    as_of: str = "",
    township: str = "",
    form: str = "",
    kind: str = "",
    rows: list[dict[str, Any]] | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    status: int = 200,
) -> Response:
    asked, wrong = _day(as_of)
    day = asked or business_date(context.clock.now())
    units = await service.judged(session, context, day)
    failing = [
        each
        for each in units
        if each.status in {"missed", "unknown"} and (not township or each.township == township)
    ]
    county = caller.of_county
    return render(
        request,
        "standards.html",
        {
            "day": day.isoformat(),
            "typed_day": as_of or day.isoformat(),
            "township": township,
            "townships": [each.name_zh for each in context.region.townships],
            "groups": [each.model_dump(mode="json") for each in groups_of(units)],
            "summary": [each.model_dump(mode="json") for each in summary_of(units)],
            "failing": _by_rule(failing[:LISTED]),
            "more": len(failing) - LISTED,
            "listed": LISTED,
            "map": await _map(session, context, units),
            "kinds": list(KINDS),
            "kind": kind,
            "records": "reporting:standards" in caller.scopes,
            "county": county,
            "opens": county and "reporting:register" in caller.scopes,
            "form": form,
            "rows": rows or [],
            "faults": {**wrong, **(faults or {})},
            "problem": problem,
            "done": done,
        },
        status=422 if wrong else status,
    )


def _by_rule(units: list[Unit]) -> list[dict[str, Any]]:
    """What fails, rule by rule; rules that are missed before those that nobody recorded."""
    rules: dict[str, dict[str, Any]] = {}
    for unit in units:
        shown = unit_answer(unit).model_dump(mode="json")
        for finding in shown["findings"]:
            if finding["status"] not in {"missed", "unknown"}:
                continue
            rule = rules.setdefault(
                finding["rule"],
                {
                    "rule": finding["rule"],
                    "title_zh": finding["title_zh"],
                    "title_en": finding["title_en"],
                    "status": "unknown",
                    "rows": [],
                },
            )
            rule["rows"].append({**shown, **finding})
            if finding["status"] == "missed":
                rule["status"] = "missed"
    return sorted(rules.values(), key=lambda rule: (rule["status"] == "unknown", rule["rule"]))


async def _map(
    session: ReadSession, context: ServiceContext, units: list[Unit]
) -> dict[str, Any] | None:
    kept = await repository.map_of(
        session, context.region.region_code, "shapes", "width", "height", "unplaced"
    )
    if kept is None:
        return None
    status = {unit.code: unit.status for unit in units if unit.kind == "village"}
    shapes = [
        {
            **shape,
            "name": shape["key"].partition("/")[2],
            "status": status[shape["key"]],
            "mark": _SHAPES[status[shape["key"]]],
        }
        for shape in kept["shapes"]
        if shape["key"] in status
    ]
    counted = {code: sum(each["status"] == code for each in shapes) for code in _SHAPES}
    return {**kept, "shapes": shapes, "counted": counted, "marks": _SHAPES}
