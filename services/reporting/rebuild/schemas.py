"""HTTP shapes of rebuilds."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict

from services.reporting.rebuild.repository import Job

Status = Literal["queued", "running", "done", "failed"]
Phase = Literal["reading", "comparing"]


class RebuildFault(BaseModel):
    """Why nothing was changed."""

    code: str
    message: str
    message_zh: str


class RebuildAnswer(BaseModel):
    """A rebuild, from being asked for to its end."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "rebuild_id": "01890a5d-ac96-774b-bcce-b302099a8099",
                "status": "done",
                "phase": None,
                "events": 15230,
                "expected": 15230,
                "requested_at": "2016-07-01T08:00:00+08:00",
                "started_at": "2016-07-01T08:00:00+08:00",
                "finished_at": "2016-07-01T08:00:21+08:00",
                "deleted": 0,
                "written": 0,
                "positions": {"claims": 9012, "contracts": 1201, "identity": 5017},
                "fault": None,
            }
        }
    )

    rebuild_id: str
    status: Status
    phase: Phase | None
    """While it runs: reading the event stores, then comparing the rows."""
    events: int
    """Taken in so far."""
    expected: int
    """About so many will be."""
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deleted: int | None
    """Rows that were not what the events say; 0 when nothing had been amiss."""
    written: int | None
    """Rows that were missing, or that stand in the place of a deleted one."""
    positions: dict[str, int] | None
    """How far each service's event store was read."""
    fault: RebuildFault | None


def answer_of(job: Job) -> RebuildAnswer:
    """A kept rebuild as it is told."""
    return RebuildAnswer(
        rebuild_id=str(job.rebuild_id),
        status=cast("Status", job.status),
        phase=cast("Phase | None", job.phase if job.status == "running" else None),
        events=job.events,
        expected=job.expected,
        requested_at=job.requested_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        deleted=job.deleted,
        written=job.written,
        positions=None if job.positions is None else dict(job.positions),
        fault=None if job.fault is None else RebuildFault(**job.fault),
    )
