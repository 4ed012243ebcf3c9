"""The shape of an event: a payload class per type, and the CloudEvents envelope around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Classification = Literal["personal", "internal", "public"]


class Event(BaseModel):
    """Parent of every payload in ``shared.events.catalog``.

    Readers ignore fields they do not know; within a version only optional fields come or go.
    No payload holds a direct identifier (name, ID number, phone, address, card number).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    producer: ClassVar[str]
    """The service that publishes it, such as ``claims``."""
    noun: ClassVar[str]
    """The aggregate it tells of, such as ``settlement``."""
    verb: ClassVar[str]
    """What happened, in the past tense, such as ``made``."""
    version: ClassVar[int] = 1
    classification: ClassVar[Classification] = "personal"
    key_field: ClassVar[str]
    """The payload field whose value keys the topic: order is kept within it."""

    @classmethod
    def type_name(cls) -> str:
        return f"cn.yizhan.{cls.producer}.{cls.noun}.{cls.verb}.v{cls.version}"

    @classmethod
    def topic(cls) -> str:
        return f"yizhan.{cls.producer}.{cls.noun}"

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))


E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True)
class Envelope(Generic[E_co]):
    """An event as it travels: CloudEvents 1.0 attributes and the data."""

    id: UUID
    type: str
    source: str
    """``/yizhan/<region>/<service>``"""
    time: datetime
    """When it happened."""
    subject: str
    """The aggregate's id."""
    key: str
    """The partition key; order is kept within it."""
    sequence: int
    """The aggregate's version; rises with every event of the same aggregate."""
    data: E_co
    headers: dict[str, str] = field(default_factory=dict)
    """``traceparent`` and the like."""
