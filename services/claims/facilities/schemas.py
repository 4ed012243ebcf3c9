"""HTTP shapes of the facilities."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FacilityAnswer(BaseModel):
    """A medical institution of the region's pack."""

    facility_code: str
    name_zh: str
    name_en: str
    facility_level: str
    in_region: bool
    designated: bool
    township: str


class FacilityList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "facility_code": "H51111300101",
                        "name_zh": "金口河区人民医院",
                        "name_en": "Jinkouhe District People's Hospital",
                        "facility_level": "secondary",
                        "in_region": True,
                        "designated": True,
                        "township": "永和镇",
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[FacilityAnswer]
    next_cursor: str | None = None
