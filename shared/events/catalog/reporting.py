"""What reporting says: a month's figures are signed, or taken back."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.base import Classification, Event


class ClosedFigure(BaseModel):
    """An indicator of the whole county, as it was signed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    numerator: str
    """CNY with two decimals, or a count."""
    denominator: str
    value: str | None = None
    """None: not applicable."""
    target: str | None = None
    status: str
    citation: str


class _MonthEvent(Event):
    producer: ClassVar[str] = "reporting"
    noun: ClassVar[str] = "month"
    classification: ClassVar[Classification] = "public"
    key_field: ClassVar[str] = "month"

    month: str
    """Such as ``2016-05``."""
    number: str
    """Of the closing, such as ``511113-2016-05-1``."""
    sha256: str
    """Of the signed file."""


class MonthClosed(_MonthEvent):
    """The director signed a month's figures."""

    verb: ClassVar[str] = "closed"

    revision: int
    """Rises when a month is closed again after it was reopened."""
    figures: tuple[ClosedFigure, ...]
    adjustments: int
    """Records of earlier months that this month corrects."""


class MonthReopened(_MonthEvent):
    """The figures of that number stand no longer; others will be signed."""

    verb: ClassVar[str] = "reopened"
