"""HTTP shapes of registered persons."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

_EXAMPLE_ID = "019a0000-0000-7000-8000-000000000003"
_EXAMPLE_CATEGORY: dict[str, JsonValue] = {
    "code": "registered_poor",
    "name_zh": "建档立卡",
    "valid_from": "2015-01-01",
    "valid_to": None,
}


class PersonSearch(BaseModel):
    """By ID number, by name with or without birth date, or by the number of a health card."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "测试甲", "birth_date": "1962-03-04"}}
    )

    id_number: str | None = Field(default=None, max_length=64)
    name: str | None = Field(default=None, max_length=60)
    birth_date: date | None = None
    card_no: str | None = Field(default=None, max_length=64)

    @model_validator(mode="after")
    def _something_to_search_by(self) -> PersonSearch:
        if not any((text or "").strip() for text in (self.id_number, self.name, self.card_no)):
            raise ValueError("give id_number, name or card_no")
        return self

    def __repr__(self) -> str:
        return "PersonSearch(…)"


class PersonCategory(BaseModel):
    """A category and the days on which it holds, both included."""

    code: str
    name_zh: str
    valid_from: date
    valid_to: date | None = None


class FoundPerson(BaseModel):
    """A registered person, masked."""

    person_id: str
    masked_name: str
    categories: list[PersonCategory] = Field(description="In force today.")
    township: str | None = None
    village: str | None = None


class FoundPersons(BaseModel):
    """What a search found, at most 50."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "person_id": _EXAMPLE_ID,
                        "masked_name": "测*甲",
                        "categories": [_EXAMPLE_CATEGORY],
                        "township": "金河镇",
                        "village": "测试村",
                    }
                ],
                "truncated": False,
            }
        }
    )

    items: list[FoundPerson]
    truncated: bool = Field(default=False, description="More fit than are shown: ask closer.")


class PersonsNamed(BaseModel):
    """Of whom a list wants the masked names, at most 200."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"person_ids": [_EXAMPLE_ID]}}
    )

    person_ids: list[UUID] = Field(min_length=1, max_length=200)


class MaskedName(BaseModel):
    """A person as a list shows him."""

    person_id: str = Field(description="As it was asked for.")
    masked_name: str


class MaskedNames(BaseModel):
    """Those who are known and the caller's to see; the others are left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"items": [{"person_id": _EXAMPLE_ID, "masked_name": "测*甲"}]}
        }
    )

    items: list[MaskedName]


class PersonAnswer(BaseModel):
    """A registered person, masked, with his categories."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "person_id": _EXAMPLE_ID,
                "merged_into": None,
                "absorbed_person_ids": [],
                "masked_name": "测*甲",
                "masked_id_number": "5199**********0119",
                "masked_phone": "100****0001",
                "sex": "M",
                "birth_year": 1962,
                "household_id": "019a0000-0000-7000-8000-000000000004",
                "township": "金河镇",
                "village": "测试村",
                "as_of": "2016-03-01",
                "known_at": "2016-03-01T09:00:00+08:00",
                "categories": [_EXAMPLE_CATEGORY],
                "history": [_EXAMPLE_CATEGORY],
            }
        }
    )

    person_id: str
    merged_into: str | None = Field(
        default=None,
        description="Set when the person asked for was merged into this one, who answers for him.",
    )
    absorbed_person_ids: list[str] = Field(
        default=[], description="Whose records are shown together with this person's."
    )
    masked_name: str
    masked_id_number: str | None = None
    masked_phone: str | None = None
    sex: Literal["M", "F"] | None = None
    birth_year: int | None = None
    household_id: str | None = None
    township: str | None = None
    village: str | None = None
    as_of: date
    known_at: datetime
    categories: list[PersonCategory] = Field(description="Those that held on `as_of`.")
    history: list[PersonCategory] = Field(description="All periods, as known at `known_at`.")


class RevealRequest(BaseModel):
    """Why the identifiers are needed; kept with the caller's name."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "住院结算时核对身份证原件"}})

    reason: str = Field(min_length=4, max_length=200, description="In words; it is kept.")


class RevealAnswer(BaseModel):
    """A person's identifiers in clear."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "person_id": _EXAMPLE_ID,
                "reveal_id": "019a0000-0000-7000-8000-000000000005",
                "name": "测试甲",
                "id_number": "519901196203040119",
                "phone": "10000000001",
                "birth_date": "1962-03-04",
                "household_no": "H0001",
            }
        }
    )

    person_id: str
    reveal_id: str
    name: str
    id_number: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    household_no: str | None = None
