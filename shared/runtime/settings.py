"""Settings shared by every service, read from the environment when a host starts, never at import.

Each service adds its own with its own prefix (``CLAIMS_…``) in ``services/<name>/settings.py``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RuntimeSettings(BaseSettings):
    """The environment of a host (api.md, "Environment")."""

    model_config = SettingsConfigDict(env_prefix="YIZHAN_", extra="ignore", populate_by_name=True)

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
    token_key_file: Path | None = None
    """Ed25519 private key (JWK) that signs access tokens; only the token endpoint needs it."""
    token_jwks_file: Path | None = None
    """Public keys (JWKS) with which every service verifies access tokens."""
    production: bool = False
    """Refuses assumed parameters that nobody has confirmed."""
    open_dashboard: bool = True
    """Whether the county's page, which shows no person, opens without signing in."""
    max_upload_bytes: int = 20 * 1024 * 1024
    max_body_bytes: int = 2 * 1024 * 1024
    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS"
    )
    kafka_user: str | None = None
    """Signs in with SASL/PLAIN when set."""
    kafka_password_file: Path | None = None
    topic_prefix: str = ""
    """Put before every topic name; lets two cells (or two tests) share one Kafka."""
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
