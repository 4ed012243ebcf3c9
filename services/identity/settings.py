"""Settings of identity alone, from ``IDENTITY_…`` in the environment; read when first needed."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime.context import ServiceContext


class IdentitySettings(BaseSettings):
    """Limits of the service."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore")

    max_roster_rows: int = Field(default=200_000, ge=1)
    max_reported_faults: int = Field(default=1_000, ge=1)
    """Faults in an import's JSON answer; the errors file holds all of them."""
    chunk_rows: int = Field(default=2_000, ge=1, le=10_000)
    """Rows compared or applied at a time; bounds the memory of an import."""
    max_candidates: int = Field(default=50, ge=2)
    """Registered persons that a recognition or a search looks at."""
    future_tolerance_hours: int = Field(default=24, ge=0, le=72)
    """How far ahead of our clock a visit may be before it is a typing error."""


def settings_of(context: ServiceContext) -> IdentitySettings:
    """The service's settings, read once per context."""
    found = context.state.get("identity.settings")
    if not isinstance(found, IdentitySettings):
        found = IdentitySettings()
        context.state["identity.settings"] = found
    return found
