"""How to reach Kafka and how patient to be with it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shared.runtime.settings import RuntimeSettings

SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True)
class KafkaOptions:
    """Everything a :class:`~shared.messaging.kafka.bus.KafkaBus` needs to know.

    Signs in with SASL when ``user`` is set; encrypts when ``tls`` is set or a ``ca_file`` given.
    """

    bootstrap_servers: str
    topic_prefix: str = ""
    """Put before topics and groups; the rest of the house never sees it."""
    client_id: str = "yizhan"
    user: str | None = None
    password: str | None = None
    sasl_mechanism: SaslMechanism = "PLAIN"
    tls: bool = False
    ca_file: Path | None = None
    make_topics: bool = False
    """Make the catalog's topics at the start where they are missing."""
    send_timeout_s: float = 30.0
    """A record not acknowledged by then counts as failed; the producer is made anew."""
    request_timeout_s: float = 15.0
    session_timeout_s: float = 10.0
    """A member not heard of for so long loses its partitions."""
    stall_s: float = 15.0
    """A consumer that is behind and has fetched nothing for so long is made anew."""

    @classmethod
    def from_settings(cls, settings: RuntimeSettings, *, client_id: str = "yizhan") -> KafkaOptions:
        """The options of a host, its password read from the file that the settings name.

        On a Kafka that asks for no sign-in (a development machine's) missing topics are made; where
        rights are given out, the operator makes them.
        """
        file = settings.kafka_password_file
        return cls(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            client_id=client_id,
            make_topics=settings.kafka_user is None,
            user=settings.kafka_user,
            password=file.read_text(encoding="utf-8").strip() if file is not None else None,
        )

    def client(self) -> dict[str, Any]:
        """Arguments that aiokafka's producer, consumer and admin client have in common."""
        encrypted = self.tls or self.ca_file is not None
        protocol = ("SASL_" if self.user else "") + ("SSL" if encrypted else "PLAINTEXT")
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "security_protocol": protocol,
            "request_timeout_ms": int(self.request_timeout_s * 1000),
            "metadata_max_age_ms": 30_000,
        }
        if self.user:
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password or "",
            }
        if encrypted:
            arguments["ssl_context"] = ssl.create_default_context(
                cafile=str(self.ca_file) if self.ca_file else None
            )
        return arguments
