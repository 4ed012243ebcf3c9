"""Settings shared by every service, read from the environment when a host starts, never at import.

Each service adds its own with its own prefix (``CLAIMS_…``) in ``services/<name>/settings.py``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVICES = ("identity", "claims", "contracts", "reporting")

LEAST_INBOX_DAYS = 30
"""More than a broker keeps records by default (7 days, twice that while a segment fills)."""


class RuntimeSettings(BaseSettings):
    """The environment of a host (api.md, "Environment")."""

    model_config = SettingsConfigDict(
        # An empty variable, as compose makes of an unset one, is not set.
        env_prefix="YIZHAN_",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
    )

    host: str = "127.0.0.1"
    port: int = 8000
    bus: Literal["memory", "kafka"] = "memory"
    pack: str = "jinkouhe-2016"
    packs: str = ""
    """Extra folders of packs, separated as in ``PATH``, searched before the shipped ones."""
    data_dir: Path | None = None
    keys_file: Path | None = None
    """Encryption and index keys (mode 0600)."""
    clients_file: Path | None = None
    """API clients and their secrets (mode 0600)."""
    users_file: Path | None = None
    """People who sign in to the screens (mode 0600); ended sessions are kept beside it."""
    token_key_file: Path | None = None
    """Ed25519 private key (JWK) that signs access tokens and sessions; only their endpoints need it."""
    token_jwks_file: Path | None = None
    """Public keys (JWKS) with which every service verifies access tokens."""
    production: bool = False
    """Refuses assumed parameters that nobody has confirmed."""
    open_dashboard: bool = True
    """Whether the county's page, which shows no person, opens without signing in."""
    proxies: str = ""
    """Reverse proxies (addresses, networks, or ``*`` where nobody else reaches the port) whose
    X-Forwarded-For and X-Forwarded-Proto are believed; none when empty."""
    secure_cookies: bool = False
    """Cookies go over https alone even when the last proxy speaks http to us."""
    max_upload_bytes: int = 20 * 1024 * 1024
    max_body_bytes: int = 2 * 1024 * 1024
    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS"
    )
    # Under the names of Kafka's own settings; which go together is checked where the bus is made
    # (shared/messaging/kafka/security.py).
    kafka_security_protocol: str = Field(
        default="PLAINTEXT", validation_alias="KAFKA_SECURITY_PROTOCOL"
    )
    """``PLAINTEXT``, ``SSL``, ``SASL_SSL`` or ``SASL_PLAINTEXT``."""
    kafka_ssl_cafile: Path | None = Field(default=None, validation_alias="KAFKA_SSL_CAFILE")
    """Certificates (PEM) of who signed the brokers'; the system's when left out."""
    kafka_sasl_mechanism: str | None = Field(default=None, validation_alias="KAFKA_SASL_MECHANISM")
    """``SCRAM-SHA-512``, ``SCRAM-SHA-256`` or ``PLAIN``."""
    kafka_sasl_username: str | None = Field(default=None, validation_alias="KAFKA_SASL_USERNAME")
    kafka_sasl_password_file: Path | None = Field(
        default=None, validation_alias="KAFKA_SASL_PASSWORD_FILE"
    )
    kafka_sasl_password: SecretStr | None = Field(
        default=None, validation_alias="KAFKA_SASL_PASSWORD"
    )
    """Read only to be refused: a secret is a file."""
    topic_prefix: str = ""
    """Put before every topic name; lets two cells (or two tests) share one Kafka."""
    inbox_days: int = Field(default=90, ge=LEAST_INBOX_DAYS)
    """How long a service remembers which events it has handled; longer than Kafka keeps them."""
    dead_letter_days: int = Field(default=365, ge=1)
    """How long resolved dead letters are kept."""
    client_id: str | None = None
    """This service's own API client, for calls to its peers."""
    client_secret_file: Path | None = None
    identity_url: str | None = None
    claims_url: str | None = None
    contracts_url: str | None = None
    reporting_url: str | None = None
    log_json: bool = True
    log_level: str = "INFO"

    @property
    def pack_dirs(self) -> tuple[Path, ...]:
        """The extra folders of packs."""
        return tuple(Path(part) for part in self.packs.split(os.pathsep) if part.strip())
