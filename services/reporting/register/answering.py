"""Items as they are told, and positions in their list."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from uuid import UUID

from services.reporting.register.domain import Item
from services.reporting.register.places import area_name
from services.reporting.register.schemas import (
    EvidenceAnswer,
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
            )
            for step in found.evidence
        ],
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
