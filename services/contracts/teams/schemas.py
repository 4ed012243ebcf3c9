"""HTTP shapes of teams."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class TeamAnswer(BaseModel):
    """A family-doctor team."""

    team: str
    name_zh: str
    name_en: str
    township: str | None
    county: bool
    """Takes people whose township is not known."""


class TeamList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "team": "H51111300202",
                        "name_zh": "金河镇卫生院",
                        "name_en": "Jinhe Township Hospital",
                        "township": "金河镇",
                        "county": False,
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[TeamAnswer]
    next_cursor: str | None = None
