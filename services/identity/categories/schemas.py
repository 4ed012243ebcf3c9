"""HTTP shapes of a person's categories over both times."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LeavingReason = Literal["lifted", "died", "moved", "not_listed", "other"]


class CategoryPeriodAnswer(BaseModel):
    """A category that a source gives, and the days on which it holds, both included."""

    code: str
    name_zh: str
    source: str
    valid_from: date
    valid_to: date | None = None
    reason: LeavingReason | None = Field(default=None, description="Why it ended, if that is said.")
    reason_zh: str | None = None
    recorded_at: datetime = Field(description="Since when we know it so.")


class PersonCategoriesAnswer(BaseModel):
    """What held on a day, as known on a day."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "person_id": "019a0000-0000-7000-8000-000000000003",
                "as_of": "2016-05-30",
                "known_on": "2016-06-30",
                "known_at": "2016-07-01T00:00:00+08:00",
                "categories": [
                    {
                        "code": "registered_poor",
                        "name_zh": "建档立卡",
                        "source": "poverty_office",
                        "valid_from": "2015-01-01",
                        "valid_to": "2016-05-31",
                        "reason": "not_listed",
                        "reason_zh": "全量名册未列入",
                        "recorded_at": "2016-06-01T09:00:00+08:00",
                    }
                ],
                "history": [],
            }
        }
    )

    person_id: str
    as_of: date
    known_on: date
    known_at: datetime = Field(description="The end of `known_on`, or now if that is today.")
    categories: list[CategoryPeriodAnswer] = Field(description="Those that held on `as_of`.")
    history: list[CategoryPeriodAnswer] = Field(description="All of them, as then known.")
