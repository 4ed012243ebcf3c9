"""How to reach Kafka and how patient to be with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.messaging.kafka.security import KafkaSecurity
from shared.runtime.settings import RuntimeSettings


@dataclass(frozen=True)
class KafkaOptions:
    """Everything a :class:`~shared.messaging.kafka.bus.KafkaBus` needs to know."""

    bootstrap_servers: str
    topic_prefix: str = ""
    """Put before topics and groups; the rest of the house never sees it."""
    client_id: str = "yizhan"
    security: KafkaSecurity = field(default_factory=KafkaSecurity)
    make_topics: bool = False
    """Make the catalog's topics at the start where they are missing."""
    send_timeout_s: float = 30.0
    """A record not acknowledged by then counts as failed; the producer is made anew."""
    request_timeout_s: float = 15.0
    session_timeout_s: float = 10.0
    """A member not heard of for so long loses its partitions."""
    stop_timeout_s: float = 10.0
    """A client that has not stopped by then is ended by force."""
    stall_s: float = 15.0
    """A consumer that is behind and has fetched nothing for so long is made anew."""

    @classmethod
    def from_settings(cls, settings: RuntimeSettings, *, client_id: str = "yizhan") -> KafkaOptions:
        """The options of a host, its password read from the file that the settings name.

        On a Kafka that asks for no sign-in (a development machine's) missing topics are made; where
        rights are given out, the operator makes them.

        Raises:
            KafkaSettingsRefused: the settings do not go together.
        """
        security = KafkaSecurity.from_settings(settings)
        return cls(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            client_id=client_id,
            security=security,
            make_topics=not security.signs_in,
        )

    def client(self) -> dict[str, Any]:
        """Arguments that aiokafka's producer, consumer and admin client have in common."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "request_timeout_ms": int(self.request_timeout_s * 1000),
            "metadata_max_age_ms": 30_000,
            **self.security.client(),
        }
