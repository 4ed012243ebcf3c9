"""What reporting says: months that are signed or taken back, targets missed, items that are late."""

from __future__ import annotations

from datetime import date
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


class TargetMissed(Event):
    """An indicator is out of its target in a month that is over; once per place and month.

    Where the county misses it, ``within`` names the townships that do; where it does not, each such
    township is told by itself.
    """

    producer: ClassVar[str] = "reporting"
    noun: ClassVar[str] = "target"
    verb: ClassVar[str] = "missed"
    classification: ClassVar[Classification] = "public"
    key_field: ClassVar[str] = "indicator"

    indicator: str
    area: str
    """``county`` or a township's name."""
    month: str
    """Such as ``2016-05``."""
    numerator: str
    """CNY with two decimals, or a count."""
    denominator: str
    value: str | None
    target: str | None
    within: tuple[str, ...]
    citation: str
    register_item: str
    """The number of the item that it opened, or that it was noted in."""


class RegisterItemOverdue(Event):
    """The deadline of an item of the register has passed, and it is not closed; once per deadline.

    Titles and causes are free text and stay in the register.
    """

    producer: ClassVar[str] = "reporting"
    noun: ClassVar[str] = "register_item"
    verb: ClassVar[str] = "overdue"
    classification: ClassVar[Classification] = "internal"
    key_field: ClassVar[str] = "item_id"

    item_id: str
    number: str
    """Such as ``511113-T2016-000007``."""
    kind: str
    """``red_light``, ``reform_task``, ``standard``, ``assessment`` or ``manual``."""
    area: str
    """``county``, a township's name, ``township/village``, or a facility code."""
    leads: tuple[str, ...]
    """The departments that lead."""
    opened_on: date
    deadline: date
    days_late: int
    cause_stated: bool
    """Whether the register says why it is late (KZ-23)."""
    indicator: str | None = None
    task_list: str | None = None
    task_no: int | None = None
    citation: str | None = None
