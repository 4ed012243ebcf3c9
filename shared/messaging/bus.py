"""The bus as a port: two transports, one conformance suite (tests/transport).

``memory``: in-process hand-off; a published record is acknowledged when every subscribed group
has committed past it, so that a crash before that leaves it unpublished and it is sent again.
``kafka``: acknowledged when the brokers hold it (``acks=all``, idempotent producer).

On both: order is kept within a key; a record may be delivered more than once; a group's members
share the partitions, and what a dead member had not committed goes to another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_RECORD_BYTES = 900_000
"""Key, headers and value together; below Kafka's default of 1 MiB."""


class EventTooLarge(ValueError):
    """The record is larger than ``MAX_RECORD_BYTES``; it was not sent."""


class BusUnavailable(ConnectionError):
    """The transport cannot be reached just now; try again."""


@dataclass(frozen=True)
class Outgoing:
    """A record to publish."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Partition:
    topic: str
    number: int


@dataclass(frozen=True)
class Incoming:
    """A record as fetched; ``offset`` counts within its partition."""

    partition: Partition
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]


class Consumer(Protocol):
    """One member of a consumer group."""

    async def fetch(self, *, max_records: int, timeout_s: float) -> dict[Partition, list[Incoming]]:
        """The next records of the assigned partitions that are not paused, in order.

        Returns an empty dict after ``timeout_s`` without records.
        """

    async def commit(self, partition: Partition, next_offset: int) -> None:
        """Say that everything before ``next_offset`` is done.

        A member that has lost the partition gets no error: the new owner re-delivers.
        """

    def pause(self, partition: Partition) -> None: ...

    def resume(self, partition: Partition) -> None: ...

    async def rewind(self, partition: Partition, offset: int) -> None:
        """Fetch again from ``offset``."""

    async def lag(self) -> dict[Partition, int]:
        """Records between the committed offset and the end, per assigned partition."""

    async def close(self) -> None:
        """Leave the group without committing anything further."""


class Bus(Protocol):
    """A transport."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def publish(self, records: Sequence[Outgoing]) -> list[asyncio.Future[None]]:
        """Hand records over, in order; each future is done when its record is acknowledged.

        A future fails with :class:`EventTooLarge` (that record alone; it will never fit) or
        :class:`BusUnavailable`. Records of the same key handed over after an unavailable one fail
        with it, so that none is acknowledged before the failed one is published again.
        """

    async def subscribe(self, group: str, topics: Sequence[str]) -> Consumer:
        """Join a consumer group; a new group starts at the oldest record."""
