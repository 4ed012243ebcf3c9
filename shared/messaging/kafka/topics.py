"""Asking whether Kafka is there, and making topics: a production Kafka does not make one because someone spelled it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from shared.messaging.bus import BusUnavailable
from shared.messaging.kafka.options import KafkaOptions
from shared.messaging.kafka.patience import within

_AT_MOST_S = 60.0


class TopicNotMade(RuntimeError):
    """Kafka refused to make a topic; the text says which and why."""


async def ensure_topics(
    options: KafkaOptions, topics: Iterable[str], *, partitions: int = 6, replication: int = 1
) -> None:
    """Make the topics that are missing; existing ones are left as they are.

    Raises:
        TopicNotMade: refused, for instance for want of rights or of brokers.
        BusUnavailable: Kafka cannot be reached.
    """
    names = sorted({options.topic_prefix + topic for topic in topics})
    try:
        answer = await within(
            _AT_MOST_S, _ensure(options, names, partitions, replication), "topics"
        )
    except (KafkaError, OSError) as error:
        raise BusUnavailable(f"Kafka did not answer ({type(error).__name__})") from error
    for topic, code, *_ in answer.topic_errors if answer is not None else ():
        if code not in (0, TopicAlreadyExistsError.errno):
            raise TopicNotMade(f"topic {topic}: {for_code(code).__name__}")


async def _ensure(
    options: KafkaOptions, names: list[str], partitions: int, replication: int
) -> Any:
    """What Kafka says to making those that are missing; None when there are none."""
    admin = AIOKafkaAdminClient(**options.client())
    try:
        await admin.start()
        known = {each["topic"] for each in await admin.describe_topics(names) if _exists(each)}
        missing = [
            NewTopic(name=name, num_partitions=partitions, replication_factor=replication)
            for name in names
            if name not in known
        ]
        return await admin.create_topics(missing) if missing else None
    finally:
        await admin.close()


async def answers(options: KafkaOptions) -> bool:
    """Whether a broker describes its cluster and topics: a real call, not an open port."""
    try:
        return await within(_AT_MOST_S, _describes(options), "asking")
    except (KafkaError, OSError):
        return False


async def _describes(options: KafkaOptions) -> bool:
    admin = AIOKafkaAdminClient(**options.client())
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        await admin.list_topics()
    finally:
        await admin.close()
    return bool(cluster["brokers"])


def _exists(topic: dict[str, Any]) -> bool:
    return bool(topic["error_code"] != UnknownTopicOrPartitionError.errno)
