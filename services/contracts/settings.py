"""Settings of contracts alone (prefix ``CONTRACTS_``)."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime.context import ServiceContext


class ContractsSettings(BaseSettings):
    """Read once per process, when first asked for."""

    model_config = SettingsConfigDict(env_prefix="CONTRACTS_", extra="ignore")

    county_team: str | None = None
    """Facility code of the team for people whose township is not known.

    Default: the region's secondary hospital with the lowest code."""
    referral_days: int = Field(default=30, ge=1, le=366)
    """How long a referral may be answered and used when its slip gives no day.

    No document fixes it; thirty days is this product's default."""
    plan_daily: bool = True
    """Whether the worker plans everybody's tasks once a day by itself.

    Off where a scheduler runs ``yizhan contracts plan`` at an hour of its own."""


def settings_of(context: ServiceContext) -> ContractsSettings:
    """The settings, kept with the context."""
    found = context.state.get("contracts.settings")
    if not isinstance(found, ContractsSettings):
        found = context.state["contracts.settings"] = ContractsSettings()
    return found
