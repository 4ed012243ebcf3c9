"""Rows of a month on a screen: what changed since it was approved, what it corrects, all of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting.figures.repository import DATASETS
from services.reporting.month_closes import cuts_repository, presenting, reading, rows_repository
from services.reporting.month_closes.domain import Close
from services.reporting.screens.kit import PageRoute, render
from shared.db.session import Writes
from shared.http.pagination import decode_cursor, encode_cursor
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

LISTED = 50

router = APIRouter(prefix="/closes/{close_id}", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]


@router.get("/changes")
async def changes(
    close_id: UUID,
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """What is no longer as the caller's township, or whoever approved last, stood by it."""
    found = await reading.visible(session, context, close_id)
    township = reading.rows_shown_to(caller)
    cut = reading.approved_cut(found, township)
    rows = await cuts_repository.changes_since(
        session, found, cut, reading.scope_of_cut(found),
        township=township,
        after=None if cursor is None else _texts(cursor, 2),  # type: ignore[arg-type]
        limit=LISTED + 1,
    )  # fmt: skip
    shown = rows[:LISTED]
    await reading.note_look(session, context, caller, found, "changes", len(shown))
    last = shown[-1] if len(rows) > LISTED else None
    return render(
        request,
        "close_rows.html",
        {
            **_frame(found),
            "view": "changes",
            "approved_at": reading.cut_at(found, cut).isoformat(),
            "township": township,
            "rows": [presenting.row(context, dict(each), found.month) for each in shown],
            "next": last and encode_cursor(last["dataset"], last["record_id"]),
            "first": cursor is None,
            "dataset": "",
            "datasets": DATASETS,
        },
    )


@router.get("/records")
async def records(
    close_id: UUID,
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    view: Annotated[str, Query(max_length=16)] = "own",
    dataset: Annotated[str, Query(max_length=16)] = "",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Every row behind the figures, or the corrections of earlier months alone."""
    found = await reading.visible(session, context, close_id)
    township = reading.rows_shown_to(caller)
    view = "corrections" if view == "corrections" else "own"
    dataset = dataset if dataset in DATASETS else ""
    rows = await rows_repository.page_of_rows(
        session, close_id, found.cut,
        township=township,
        dataset=dataset or None,
        corrections=view == "corrections",
        after=None if cursor is None else _texts(cursor, 3),  # type: ignore[arg-type]
        limit=LISTED + 1,
    )  # fmt: skip
    shown = rows[:LISTED]
    await reading.note_look(session, context, caller, found, "records", len(shown))
    last = shown[-1] if len(rows) > LISTED else None
    return render(
        request,
        "close_rows.html",
        {
            **_frame(found),
            "view": view,
            "approved_at": found.cut_at.isoformat(),
            "township": township,
            "rows": [presenting.row(context, dict(each), found.month) for each in shown],
            "next": last and encode_cursor(last["of_month"], last["dataset"], last["record_id"]),
            "first": cursor is None,
            "dataset": dataset,
            "datasets": DATASETS,
        },
    )


def _frame(found: Close) -> dict[str, object]:
    return {
        "close_id": str(found.id),
        "month": found.month,
        "number": found.number,
        "signed": found.status in presenting.SIGNED,
    }


def _texts(cursor: str, parts: int) -> tuple[str, ...]:
    return tuple(str(each) for each in decode_cursor(cursor, parts=parts))
