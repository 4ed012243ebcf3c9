"""Settings of claims alone, from ``CLAIMS_…`` in the environment; read when first needed."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime.context import ServiceContext


class ClaimsSettings(BaseSettings):
    """Limits of the service."""

    model_config = SettingsConfigDict(env_prefix="CLAIMS_", extra="ignore")

    max_lines_per_batch: int = Field(default=1_000, ge=1, le=1_000)
    max_lines_per_encounter: int = Field(default=10_000, ge=1, le=10_000)
    """The engine takes no longer bill."""
    reservation_days: int = Field(default=30, ge=1, le=366)
    """How long a visit without deposit keeps room under the yearly caps after its last charges."""
    fund_warning_days: int = Field(default=60, ge=1, le=366)
    """A fund that runs out within so many days, at the pace of late, is warned of."""
    clearing_deposit_ratio: Decimal = Field(default=Decimal(0), ge=0, le=Decimal("0.3"))
    """Held back of what a clearing run pays, as an assurance deposit, unless the run says else."""
    future_tolerance_hours: int = Field(default=24, ge=0, le=72)
    """How far ahead of our clock a hospital's time may be before it is a typing error."""


def settings_of(context: ServiceContext) -> ClaimsSettings:
    """The service's settings, read once per context (also in a worker, which has no lifespan)."""
    found = context.state.get("claims.settings")
    if not isinstance(found, ClaimsSettings):
        found = ClaimsSettings()
        context.state["claims.settings"] = found
    return found
