"""How a client of Kafka is secured: encryption, and who signs in with what.

The settings have the names of Kafka's own (``KAFKA_SECURITY_PROTOCOL`` and so on). A combination
that would silently be weaker than it looks, or that no broker takes, is refused at the start.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from shared.runtime.settings import RuntimeSettings

Protocol = Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"]
SaslMechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


class KafkaSettingsRefused(ValueError):
    """Settings that do not go together; the text names the variable and the cure."""


@dataclass(frozen=True)
class KafkaSecurity:
    """Nothing by default, as on a development machine's Kafka."""

    protocol: Protocol = "PLAINTEXT"
    ca_file: Path | None = None
    """Certificates (PEM) to trust; the system's when None."""
    mechanism: SaslMechanism | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def encrypted(self) -> bool:
        return self.protocol.endswith("SSL")

    @property
    def signs_in(self) -> bool:
        return self.protocol.startswith("SASL_")

    @classmethod
    def from_settings(cls, settings: RuntimeSettings) -> KafkaSecurity:
        """What the environment asks for, its password read from the file.

        Raises:
            KafkaSettingsRefused: the variables do not go together, or a file is not there.
        """
        protocol = _one_of("KAFKA_SECURITY_PROTOCOL", settings.kafka_security_protocol, Protocol)
        if settings.kafka_sasl_password is not None:
            raise KafkaSettingsRefused(
                "KAFKA_SASL_PASSWORD is set: a password in the environment is seen by anyone who"
                " lists the process; write it to a file that only this account reads, name that in"
                " KAFKA_SASL_PASSWORD_FILE, and unset KAFKA_SASL_PASSWORD"
            )
        found = cls(protocol=cast("Protocol", protocol))
        if found.signs_in:
            found = cls(
                protocol=found.protocol,
                mechanism=_mechanism(settings, protocol),
                username=_username(settings, protocol),
                password=_password(settings, protocol),
            )
        else:
            _require_no_sign_in(settings, protocol)
        if settings.kafka_ssl_cafile is None:
            return found
        if not found.encrypted:
            raise KafkaSettingsRefused(
                f"KAFKA_SSL_CAFILE is set, but KAFKA_SECURITY_PROTOCOL={protocol} does not encrypt:"
                f" set it to {'SASL_SSL' if found.signs_in else 'SSL'}, or unset KAFKA_SSL_CAFILE"
            )
        _context(settings.kafka_ssl_cafile)
        return cls(**{**vars(found), "ca_file": settings.kafka_ssl_cafile})

    def client(self) -> dict[str, Any]:
        """Arguments of every aiokafka client."""
        arguments: dict[str, Any] = {"security_protocol": self.protocol}
        if self.signs_in:
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.encrypted:
            # The broker's certificate must be trusted and bear the name under which it is called.
            arguments["ssl_context"] = _context(self.ca_file)
        return arguments


def _one_of(variable: str, value: str, allowed: object) -> str:
    names = get_args(allowed)
    if value not in names:
        raise KafkaSettingsRefused(f"{variable}={value} is not known: write {_listed(names)}")
    return value


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _mechanism(settings: RuntimeSettings, protocol: str) -> SaslMechanism:
    if settings.kafka_sasl_mechanism is None:
        raise KafkaSettingsRefused(
            f"KAFKA_SASL_MECHANISM is missing, which KAFKA_SECURITY_PROTOCOL={protocol} needs:"
            f" write the one that the brokers take, {_listed(get_args(SaslMechanism))}"
        )
    name = _one_of("KAFKA_SASL_MECHANISM", settings.kafka_sasl_mechanism, SaslMechanism)
    return cast("SaslMechanism", name)


def _username(settings: RuntimeSettings, protocol: str) -> str:
    if settings.kafka_sasl_username is None:
        raise KafkaSettingsRefused(
            f"KAFKA_SASL_USERNAME is missing, which KAFKA_SECURITY_PROTOCOL={protocol} needs:"
            " write the name that the brokers know this service by"
        )
    return settings.kafka_sasl_username


def _password(settings: RuntimeSettings, protocol: str) -> str:
    file = settings.kafka_sasl_password_file
    if file is None:
        raise KafkaSettingsRefused(
            f"KAFKA_SASL_PASSWORD_FILE is missing, which KAFKA_SECURITY_PROTOCOL={protocol} needs:"
            " name the file that holds the password"
        )
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KafkaSettingsRefused(
            f"KAFKA_SASL_PASSWORD_FILE={file} cannot be read ({type(error).__name__}): name a text"
            " file that this account may read"
        ) from error
    if not password:
        raise KafkaSettingsRefused(
            f"KAFKA_SASL_PASSWORD_FILE={file} is empty: write the password into it"
        )
    return password


def _require_no_sign_in(settings: RuntimeSettings, protocol: str) -> None:
    given = {
        "KAFKA_SASL_MECHANISM": settings.kafka_sasl_mechanism,
        "KAFKA_SASL_USERNAME": settings.kafka_sasl_username,
        "KAFKA_SASL_PASSWORD_FILE": settings.kafka_sasl_password_file,
    }
    for variable, value in given.items():
        if value is not None:
            raise KafkaSettingsRefused(
                f"{variable} is set, but KAFKA_SECURITY_PROTOCOL={protocol} signs nobody in: set it"
                " to SASL_SSL (SASL_PLAINTEXT only on a network that nobody else reads), or unset"
                f" {variable}"
            )


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:  # ssl.SSLError is one
        raise KafkaSettingsRefused(
            f"KAFKA_SSL_CAFILE={ca_file} cannot be used ({type(error).__name__}): name a PEM file"
            " with the certificates of the authority that signed the brokers'"
        ) from error
