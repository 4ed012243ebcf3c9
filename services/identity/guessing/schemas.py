"""HTTP shapes of alarms about guessing."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

_ALARM: JsonDict = {
    "alarm_id": "019a0000-0000-7000-8000-00000000000e",
    "client_id": "user:window",
    "place": "H51111300101",
    "on_day": "2016-06-30",
    "first_at": "2016-06-30T10:02:11+08:00",
    "last_at": "2016-06-30T10:40:52+08:00",
    "refused": 8211,
    "seen_by": None,
    "seen_at": None,
}


class GuessAlarm(BaseModel):
    """A client that was stopped at a place on a day."""

    model_config = ConfigDict(json_schema_extra={"example": _ALARM})

    alarm_id: str
    client_id: str = Field(description="The program, or `user:` and the account of a person.")
    place: str = Field(
        description="The institution's code; `persons`: searching the register, `cards`: checking"
        " cards, `reveals`: seeing identifiers, `lists`: matching lists of visits."
    )
    on_day: date
    first_at: datetime
    last_at: datetime
    refused: int = Field(description="Questions refused on that day.")
    seen_by: str | None = Field(description="Who looked into it; null: nobody yet.")
    seen_at: datetime | None


class GuessAlarms(BaseModel):
    """Newest day first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_ALARM], "unseen": 1, "next_cursor": None}}
    )

    items: list[GuessAlarm]
    unseen: int = Field(description="Alarms that nobody has looked into, on all pages.")
    next_cursor: str | None
