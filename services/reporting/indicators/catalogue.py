"""The indicator catalogue: read from YAML once, checked whole, typed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.reporting.figures.domain import Direction, Target
from services.reporting.figures.repository import Dataset

FILE = Path(__file__).with_name("catalogue.yaml")
Text = Annotated[str, StringConstraints(min_length=1)]
Condition = Literal["registered", "outpatient"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """Chinese and English."""

    zh: Text
    en: Text


class Part(Words):
    """Numerator or denominator: its words, and the sum it is."""

    sum: Text


class _Target(_Strict):
    value: Decimal
    direction: Direction
    tolerance: Decimal = Decimal(0)


class _Entry(_Strict):
    name: Words
    numerator: Part
    denominator: Part
    exclusions: Words
    unit: Literal["money", "count"]
    dataset: Dataset
    condition: Condition | None = None
    target: _Target | None = None
    citation: Text
    headline: bool = False


@dataclass(frozen=True)
class Indicator:
    """One indicator of the catalogue."""

    code: str
    entry: _Entry

    @property
    def target(self) -> Target | None:
        found = self.entry.target
        return Target(found.value, found.direction, found.tolerance) if found else None


@cache
def catalogue() -> dict[str, Indicator]:
    """Every indicator by code, in the order of the file.

    Raises:
        pydantic.ValidationError: the file has a fault; it names the indicator and the field.
    """
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {code: Indicator(code, _Entry.model_validate(entry)) for code, entry in content.items()}
