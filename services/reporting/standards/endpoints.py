"""HTTP: institution standards as of a day, the facts behind them, the county's map."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile

from services.reporting.register.answering import answer as item_answer
from services.reporting.register.schemas import OpenedAnswer
from services.reporting.standards import files, repository, service
from services.reporting.standards.answering import bounded, groups_of, summary_of, unit_answer
from services.reporting.standards.domain import (
    Status,
    Unit,
    UnitKind,
)
from services.reporting.standards.facts import KINDS, Kind
from services.reporting.standards.schemas import (
    FactAnswer,
    FactList,
    FactsAnswer,
    FactsRequest,
    ImportAnswer,
    MapAnswer,
    RowFault,
    UnitList,
)
from shared.clock import business_date
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, CursorMalformed, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["standards"], prefix="/standards")

Reader = Annotated[Principal, requires("reporting:read")]
Recorder = Annotated[Principal, requires("reporting:standards")]
_ERRORS_SHOWN = 500
_ORDER = {kind: place for place, kind in enumerate(("county", "township", "village", "county_hospital", "township_hospital", "village_clinic"))}  # fmt: skip


@router.get("/facilities", summary="Who meets the standards 三建好 / 三合格 / 三达标 on a day")
async def facilities(
    _caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    as_of: Annotated[
        date | None, Query(description="the day; left out: today", examples=["2020-12-31"])
    ] = None,
    township: Annotated[str | None, Query(max_length=64, examples=["永和镇"])] = None,
    kind: Annotated[UnitKind | None, Query()] = None,
    status: Annotated[Status | None, Query(description="the worst of its findings")] = None,
    rule: Annotated[str | None, Query(max_length=8, examples=["LP-57"])] = None,
) -> UnitList:
    """Places and institutions; each failing one with its rule and the cure."""
    day = as_of or business_date(context.clock.now())
    units = await service.judged(session, context, day)
    chosen = sorted(
        (
            each
            for each in units
            if (township is None or each.township == township)
            and (kind is None or each.kind == kind)
            and (status is None or each.status == status)
            and (rule is None or any(finding.rule == rule for finding in each.findings))
        ),
        key=_position,
    )
    if cursor is not None:
        after = _after(cursor)
        chosen = [each for each in chosen if _position(each) > after]
    shown = chosen[:limit]
    return UnitList(
        as_of=day,
        groups=groups_of(units),
        summary=summary_of(units),
        items=[unit_answer(each) for each in shown],
        next_cursor=encode_cursor(*_position(shown[-1])) if len(chosen) > limit else None,
    )


def _position(unit: Unit) -> tuple[int, str]:
    return _ORDER[unit.kind], unit.code


def _after(cursor: str) -> tuple[int, str]:
    place, code = decode_cursor(cursor, parts=2)
    if not isinstance(place, int):
        raise CursorMalformed("send the next_cursor of the page before, unchanged")
    return place, str(code)


@router.post(
    "/facts",
    status_code=201,
    summary="Record facts of places, institutions, departments and staff",
    responses={
        422: {"description": "`standard_facts_invalid`: `facility_unknown`, `area_not_yours`, …"}
    },
)
async def record(
    body: FactsRequest, caller: Recorder, session: Writes, context: Context
) -> FactsAnswer:
    """All or none. The same thing of the same first day again corrects it; the old one is kept."""
    told: dict[Kind, list[dict[str, Any]]] = {
        kind: [each.model_dump() for each in getattr(body, kind)] for kind in KINDS
    }
    return FactsAnswer(**await service.record_all(session, context, caller, told))


@router.get("/facts", summary="Facts of a kind, with their history")
async def facts(
    kind: Annotated[Kind, Query()],
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    township: Annotated[str | None, Query(max_length=64)] = None,
) -> FactList:
    """As they stand; those that were corrected are left out. A township sees its own."""
    own, _, name = caller.organisation.partition(":")
    rows = await repository.page(
        session,
        context.region.region_code,
        kind,
        township=township if own == "region" else name,
        after=_fact_after(cursor),
        limit=limit + 1,
    )
    shown = rows[:limit]
    return FactList(
        items=[
            FactAnswer(
                key=row["key"],
                fact=row["content"],
                recorded_at=row["recorded_at"],
                recorded_by=row["recorded_by"],
            )
            for row in shown
        ],
        next_cursor=encode_cursor(shown[-1]["key"], shown[-1]["valid_from"].isoformat())
        if len(rows) > limit
        else None,
    )


def _fact_after(cursor: str | None) -> tuple[str, date] | None:
    if cursor is None:
        return None
    key, day = decode_cursor(cursor, parts=2)
    try:
        return str(key), date.fromisoformat(str(day))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None


@router.post(
    "/imports",
    status_code=201,
    summary="Record facts from a workbook or CSV",
    responses={422: {"description": "`standard_file_invalid`"}},
)
async def send(
    caller: Recorder,
    session: Writes,
    context: Context,
    file: Annotated[UploadFile, File(description="`.xlsx`, or `.csv` in UTF-8 or GBK")],
    kind: Annotated[Kind, Form(description="What the rows are")],
    dry_run: Annotated[bool, Form(description="Verdicts only; nothing is kept")] = False,
) -> ImportAnswer:
    """Each row gets a verdict; rejected rows change nothing, the others are kept."""
    content = await bounded(context, file)
    verdicts = await service.import_file(session, context, caller, kind, content, dry_run=dry_run)
    counts = {
        name: sum(each.verdict == name for each in verdicts)
        for name in ("accepted", "unchanged", "rejected")
    }
    return ImportAnswer(
        kind=kind,
        dry_run=dry_run,
        rows=len(verdicts),
        **counts,
        errors=[
            RowFault(
                row=each.number,
                column=each.fault.field,
                code=each.fault.code,
                message=each.fault.message,
                message_zh=each.fault.message_zh,
            )
            for each in verdicts
            if each.fault is not None
        ][:_ERRORS_SHOWN],
    )


@router.get(
    "/imports/{kind}.xlsx",
    summary="The workbook to fill in",
    response_class=Response,
    responses={200: {"content": {files.XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def template(kind: Kind, _caller: Reader) -> Response:
    """Headers in both languages, and the words of each column."""
    return Response(
        files.template(kind),
        media_type=files.XLSX,
        headers={"Content-Disposition": f'attachment; filename="standards-{kind}.xlsx"'},
    )


@router.post(
    "/open-items",
    status_code=201,
    summary="Open an item of the register for each unit that fails",
    responses={403: {"description": "`county_only`"}},
)
async def open_items(
    caller: Annotated[Principal, requires("reporting:register")],
    session: Writes,
    context: Context,
    as_of: Annotated[date | None, Query(examples=["2020-12-31"])] = None,
) -> OpenedAnswer:
    """One for each rule that a unit misses; where one is open, none."""
    opened = await service.open_items(session, context, caller, as_of)
    return OpenedAnswer(opened=[item_answer(context, each) for each in opened])


@router.post(
    "/map",
    status_code=201,
    summary="Upload the county's map",
    responses={403: {"description": "`county_only`"}, 422: {"description": "`map_invalid`"}},
)
async def upload_map(
    caller: Recorder,
    session: Writes,
    context: Context,
    file: Annotated[
        UploadFile,
        File(description="GeoJSON, areas with the properties `township` and `village`"),
    ],
) -> MapAnswer:
    """In place of the one before. It is drawn here; nothing is asked of any other host."""
    drawing = await service.keep_map(session, context, caller, await bounded(context, file))
    return MapAnswer(villages=len(drawing.shapes), unplaced=list(drawing.unplaced))


@router.get(
    "/map",
    summary="The county's map",
    response_class=Response,
    responses={
        200: {"content": {"application/geo+json": {"schema": {"type": "object"}}}},
        404: {"description": "`map_not_found`"},
    },
)
async def get_map(_caller: Reader, session: Reads, context: Context) -> Response:
    """As it was uploaded."""
    return Response(await service.map_file(session, context), media_type="application/geo+json")
