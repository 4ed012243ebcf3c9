"""Settings of identity alone, from ``IDENTITY_…`` in the environment; read when first needed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime.context import ServiceContext


class IdentitySettings(BaseSettings):
    """Limits of the service."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore")

    max_roster_rows: int = Field(default=500_000, ge=1)
    max_roster_bytes: int = Field(default=64 * 1024 * 1024, ge=1)
    """Of a roster's upload; 500,000 rows are some 58 MB of CSV."""
    max_reported_faults: int = Field(default=1_000, ge=1)
    """Faults in an import's JSON answer; the errors file holds all of them."""
    chunk_rows: int = Field(default=2_000, ge=1, le=10_000)
    """Rows compared or applied at a time; bounds the memory of an import."""
    import_helpers: int = Field(default=2, ge=0, le=16)
    """Processes that judge and encrypt a long roster's rows beside this one; 0: none."""
    alias_files: tuple[Path, ...] = ()
    """The county's own tables of aliases (see ``matching.names.aliases``), as a JSON list of paths."""
    max_candidates: int = Field(default=50, ge=2)
    """Registered persons that a recognition or a search looks at."""
    future_tolerance_hours: int = Field(default=24, ge=0, le=72)
    """How far ahead of our clock a visit may be before it is a typing error."""
    probable_sample_share: float = Field(default=0.05, ge=0, le=1)
    """Of probable recognitions, how many a person looks at, so that their precision is known."""
    double_review_share: float = Field(default=0.1, ge=0, le=1)
    """Of reviews, how many two persons decide independently, so that their agreement is known."""
    card_valid_days: int = Field(default=1_826, ge=1, le=7_305)
    """How long an electronic health card is good; five years when not set."""
    max_cards_per_person: int = Field(default=5, ge=1, le=20)
    """Cards of one person that are good at the same time (his telephone, a child's …)."""


def settings_of(context: ServiceContext) -> IdentitySettings:
    """The service's settings, read once per context."""
    found = context.state.get("identity.settings")
    if not isinstance(found, IdentitySettings):
        found = IdentitySettings()
        context.state["identity.settings"] = found
    return found
