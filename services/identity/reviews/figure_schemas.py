"""HTTP shapes of the figures of reviews: how right the grades are, what waits, how the weights moved."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field


class ShareAnswer(BaseModel):
    """A counted share with its 95 % interval; null where nothing was counted."""

    count: int
    total: int
    value: float | None
    low: float | None
    high: float | None


class FigureAnswer(BaseModel):
    """Reviews decided in one month, with one table of weights."""

    month: date = Field(description="Its first day.")
    weights_version: str
    decided: int
    probable_precision: ShareAnswer = Field(
        description="Of the probable that were looked at: who was indeed the person told."
    )
    possible_found: ShareAnswer = Field(
        description="Of the possible: where a candidate was the patient."
    )
    double_agreement: ShareAnswer = Field(
        description="Of those decided by two persons: where both said the same."
    )


class WaitingAnswer(BaseModel):
    """Reviews that wait for a person."""

    open: int
    second: int
    disputed: int
    oldest_opened_at: datetime | None = None


class WeightsMoveAnswer(BaseModel):
    """A table of weights, and how far it moved from the one before."""

    version: str
    learned_at: datetime
    people: int = Field(description="Registered when it was learned.")
    field: str | None = Field(description="The field that moved most; null for the first table.")
    shift_bits: float | None = Field(
        description="Mean change of that field's evidence for the right person; 1 doubles odds."
    )
    warning: bool


class DriftAnswer(BaseModel):
    """Whether the grades keep what they promise, and whether the weights stay what they were."""

    months: int = Field(description="Months of reviews looked at, the current one included.")
    probable_precision: ShareAnswer
    promised: float
    precision_warning: bool = Field(
        description="The whole 95 % interval lies below what is promised."
    )
    most_shift_bits: float = Field(description="A field that moves further raises a warning.")
    weights: list[WeightsMoveAnswer] = Field(description="Newest first.")


class FiguresAnswer(BaseModel):
    """Precision, agreement and what waits; newest month first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "since": "2016-07-01",
                "drift": {
                    "months": 3,
                    "probable_precision": {
                        "count": 4, "total": 4, "value": 1.0, "low": 0.5101, "high": 1.0,
                    },
                    "promised": 0.97,
                    "precision_warning": False,
                    "most_shift_bits": 1.0,
                    "weights": [
                        {
                            "version": "fs-0123456789abcdef",
                            "learned_at": "2016-07-01T10:00:00+08:00",
                            "people": 3793,
                            "field": "name",
                            "shift_bits": 0.0521,
                            "warning": False,
                        }
                    ],
                },
                "waiting": {
                    "open": 3,
                    "second": 0,
                    "disputed": 1,
                    "oldest_opened_at": "2016-07-08T10:00:00+08:00",
                },
                "items": [
                    {
                        "month": "2016-07-01",
                        "weights_version": "fs-0123456789abcdef",
                        "decided": 12,
                        "probable_precision": {
                            "count": 4, "total": 4, "value": 1.0, "low": 0.5101, "high": 1.0,
                        },
                        "possible_found": {
                            "count": 5, "total": 8, "value": 0.625, "low": 0.3057, "high": 0.8632,
                        },
                        "double_agreement": {
                            "count": 1, "total": 1, "value": 1.0, "low": 0.2065, "high": 1.0,
                        },
                    }
                ],
            }
        }
    )  # fmt: skip

    since: date
    waiting: WaitingAnswer
    drift: DriftAnswer | None = Field(
        default=None, description="For whoever sees the whole region's reviews."
    )
    items: list[FigureAnswer]
