"""Where a service's database is: ``<NAME>_DATABASE_URL``, its password perhaps in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url


class DatabaseUnknown(RuntimeError):
    """No address was given for a service's database."""


class _DatabaseSettings(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore")

    database_url: str | None = None
    database_password_file: Path | None = None
    pool_size: int = 10


def database_settings(service: str) -> tuple[str, int]:
    """The service's SQLAlchemy URL and its pool size, from ``CLAIMS_DATABASE_URL`` and kin.

    Raises:
        DatabaseUnknown: the variable is not set.
    """
    prefix = f"{service.upper()}_"
    options: dict[str, Any] = {"_env_prefix": prefix}
    settings = _DatabaseSettings(**options)
    if settings.database_url is None:
        raise DatabaseUnknown(
            f"set {prefix}DATABASE_URL, such as postgresql+asyncpg://{service}@postgres/{service}"
        )
    url: URL = make_url(settings.database_url)
    if settings.database_password_file is not None:
        password = settings.database_password_file.read_text(encoding="utf-8").strip()
        url = url.set(password=password)
    return url.render_as_string(hide_password=False), settings.pool_size
