"""Schemes of assessment, as data: read once, checked whole."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.reporting.assessments.domain import WHOLE
from services.reporting.indicators.catalogue import catalogue
from shared.content import read_yaml

FILE = Path(__file__).with_name("data") / "schemes.yaml"
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Weight = Annotated[int, Field(ge=1, le=WHOLE)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    zh: Text
    en: Text


class SiteItem(Words):
    points: Weight


class Parts(_Strict):
    """The two parts of XB-52."""

    online: dict[str, Weight]
    on_site: dict[str, SiteItem]


class Grade(_Strict):
    grade: str
    least: Annotated[int, Field(alias="from", ge=0, le=WHOLE)]
    zh: Text


class Link(_Strict):
    """Money that hangs on the grade (SJ-43)."""

    zh: Text
    ratios: dict[str, Annotated[Decimal, Field(ge=0, le=2)]]


class Scheme(_Strict):
    """What is assessed, and what it is worth."""

    title: Words
    subjects: Literal["township", "facility"]
    citation: Text
    assumed: bool
    """Its numbers stand in no document; the county has not set its own."""
    parts: Parts
    grades: tuple[Grade, ...]
    links: dict[str, Link]
    links_citation: Text

    @model_validator(mode="after")
    def _whole(self) -> Scheme:
        points = sum(self.parts.online.values()) + sum(
            each.points for each in self.parts.on_site.values()
        )
        if points != WHOLE:
            raise ValueError(f"the points of both parts make {points}, not {WHOLE}")
        least = [each.least for each in self.grades]
        if not least or least[-1] != 0 or least != sorted(set(least), reverse=True):
            raise ValueError("grades fall from the best to one that begins at 0")
        names = {each.grade for each in self.grades}
        if any(link.ratios.keys() != names for link in self.links.values()):
            raise ValueError("each link has a ratio for each grade")
        if unknown := self.parts.online.keys() - catalogue().keys():
            raise ValueError(f"no such indicators: {', '.join(sorted(unknown))}")
        return self


@cache
def schemes() -> dict[str, Scheme]:
    """Every scheme by its code.

    Raises:
        pydantic.ValidationError: the file has a fault; it names the scheme.
    """
    content = read_yaml(FILE.read_text(encoding="utf-8"))
    return {code: Scheme.model_validate(each) for code, each in content.items()}
