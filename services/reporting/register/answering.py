"""Items as they are told, and positions in their list."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from urllib.parse import quote
from uuid import UUID

from starlette.responses import Response

from services.reporting.register.domain import Item
from services.reporting.register.files import ENDINGS, MEDIA_TYPES, EvidenceFile
from services.reporting.register.places import area_name
from services.reporting.register.schemas import (
    EvidenceAnswer,
    FileAnswer,
    FileMark,
    ItemAnswer,
    ResponsibleAnswer,
    StepAnswer,
)
from shared.clock import business_date
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.runtime.context import ServiceContext


def position_of(cursor: str | None) -> tuple[date, UUID] | None:
    """Deadline and id of the last row that the client has.

    Raises:
        CursorMalformed: not a cursor of this list.
    """
    if cursor is None:
        return None
    day, item_id = decode_cursor(cursor, parts=2)
    try:
        return date.fromisoformat(str(day)), UUID(str(item_id))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None


def cursor_after(item: Item) -> str:
    return encode_cursor(item.deadline.isoformat(), str(item.id))


def answer(context: ServiceContext, found: Item) -> ItemAnswer:
    """An item as it is told."""
    today = business_date(context.clock.now())
    late = found.days_late(today)
    live = found.closed_on is None
    return ItemAnswer(
        item_id=str(found.id),
        number=found.number,
        kind=found.kind,
        title=found.title,
        problem=found.problem,
        area=found.area,
        area_zh=area_name(context, found.area),
        owner=found.owner,
        responsible=ResponsibleAnswer(**asdict(found.responsible)),
        opened_on=found.opened_on,
        deadline=found.deadline,
        first_deadline=found.first_deadline,
        status=found.status,
        overdue=live and late > 0,
        days_late=late,
        cause=found.cause,
        cause_required=live and late > 0 and found.cause is None,
        measures=found.measures,
        evidence=[
            EvidenceAnswer(
                description=step.note or "",
                document=step.detail.get("document"),
                recorded_at=step.done_at,
                recorded_by=step.done_by,
                file=FileMark(**step.detail["file"]) if step.detail.get("file") else None,
            )
            for step in found.evidence
        ],
        file_required=found.file_required,
        source=dict(found.source),
        citation=found.citation,
        closed_on=found.closed_on,
        steps=[
            StepAnswer(
                step=step.step,
                done_at=step.done_at,
                done_by=step.done_by,
                note=step.note,
                detail=dict(step.detail),
            )
            for step in found.steps
        ],
    )


def file_answer(found: EvidenceFile) -> FileAnswer:
    """A file as it is told."""
    return FileAnswer(
        file_id=str(found.file_id),
        name=found.name,
        media_type=found.media_type,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        added_at=found.added_at,
        added_by=found.added_by,
    )


def file_download(number: str, found: EvidenceFile, content: bytes) -> Response:
    """A file to keep, never to be shown or run by the browser; its own name beside a plain one."""
    kind = next(kind for kind, told in MEDIA_TYPES.items() if told == found.media_type)
    plain = f"evidence-{number}-{found.sha256[:8]}{ENDINGS[kind][0]}"
    return Response(
        content,
        media_type=found.media_type,
        headers={
            "Content-Disposition": (
                f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
            ),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
