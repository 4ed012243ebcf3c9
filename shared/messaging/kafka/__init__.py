"""The bus over Apache Kafka; no other package imports aiokafka."""

from __future__ import annotations

from shared.messaging.kafka.bus import KafkaBus
from shared.messaging.kafka.options import KafkaOptions
from shared.messaging.kafka.security import KafkaSecurity, KafkaSettingsRefused
from shared.messaging.kafka.topics import answers, ensure_topics

__all__ = [
    "KafkaBus",
    "KafkaOptions",
    "KafkaSecurity",
    "KafkaSettingsRefused",
    "answers",
    "ensure_topics",
]
