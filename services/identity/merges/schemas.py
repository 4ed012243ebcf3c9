"""HTTP shapes of merges."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_KEPT = "019a0000-0000-7000-8000-000000000003"
_ABSORBED = "019a0000-0000-7000-8000-000000000009"
_MERGE = "019a0000-0000-7000-8000-00000000000b"


class MergeRequest(BaseModel):
    """Another registered person who is the same one."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"other_person_id": _ABSORBED, "reason": "两个来源重复登记，已核对户口簿"}
        }
    )

    other_person_id: UUID = Field(description="Who is absorbed; the person in the path is kept.")
    reason: str = Field(min_length=4, max_length=200, description="In words; it is kept.")


class UndoRequest(BaseModel):
    """Why a merge was a mistake."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "经核实为同名两人"}})

    reason: str | None = Field(default=None, max_length=200, description="In words; it is kept.")


class MergeAnswer(BaseModel):
    """A merge, in force or undone."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "merge_id": _MERGE,
                "status": "in_force",
                "kept_person_id": _KEPT,
                "absorbed_person_id": _ABSORBED,
                "merged_by": "poverty-office",
                "merged_at": "2016-07-10T10:00:00+08:00",
                "undone_by": None,
                "undone_at": None,
                "recognitions_revised": 1,
            }
        }
    )

    merge_id: str
    status: Literal["in_force", "undone"]
    kept_person_id: str
    absorbed_person_id: str
    merged_by: str
    merged_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None
    recognitions_revised: int | None = Field(
        default=None, description="Earlier recognitions whose answer this step changed."
    )


class MergeHistory(BaseModel):
    """Every merge that a person was ever part of, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "merge_id": _MERGE,
                        "status": "in_force",
                        "kept_person_id": _KEPT,
                        "absorbed_person_id": _ABSORBED,
                        "merged_by": "poverty-office",
                        "merged_at": "2016-07-10T10:00:00+08:00",
                    }
                ]
            }
        }
    )

    items: list[MergeAnswer]
