"""HTTP shapes of rebuilds."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class RebuildAnswer(BaseModel):
    """A finished rebuild."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "rebuild_id": "01890a5d-ac96-774b-bcce-b302099a8099",
                "events": 15230,
                "started_at": "2016-07-01T08:00:00+08:00",
                "finished_at": "2016-07-01T08:00:21+08:00",
                "deleted": 0,
                "written": 0,
                "positions": {"claims": 9012, "contracts": 1201, "identity": 5017},
            }
        }
    )

    rebuild_id: str
    events: int
    started_at: datetime
    finished_at: datetime
    deleted: int
    """Rows that were not what the events say; 0 when nothing had been amiss."""
    written: int
    """Rows that were missing, or that stand in the place of a deleted one."""
    positions: dict[str, int]
    """How far each service's event store was read."""
