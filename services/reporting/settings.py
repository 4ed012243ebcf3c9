"""Settings of reporting alone (prefix ``REPORTING_``)."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime.context import ServiceContext


class ReportingSettings(BaseSettings):
    """Read once per process, when first asked for."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_", extra="ignore")

    live_interval_s: float = Field(default=0.2, gt=0)
    """Figures are computed and sent at most once in this time, however many events come."""
    live_heartbeat_s: float = Field(default=10, gt=0)
    """A comment line that keeps proxies from closing a quiet stream."""
    live_clients: int = Field(default=500, gt=0)
    """Streams open at once per process; one more is refused with 503."""
    close_due_day: int = Field(default=5, ge=1, le=28)
    """The day of the following month by which townships submit (XB-45 leaves it open). It judges
    timeliness alone: what locks a month is the director's signature."""
    evidence_file_bytes: int = Field(default=5 * 1024 * 1024, gt=0, le=20 * 1024 * 1024)
    """The largest evidence file of the register; it is kept in the database."""
    evidence_files: int = Field(default=20, gt=0, le=200)
    """How many an item keeps."""
    rebuild_page: int = Field(default=500, gt=0, le=500)
    """Events per page of a feed."""
    rebuild_wait_s: float = Field(default=60, gt=0)
    """How long a rebuild waits for a moment in which every handled event is in the feeds."""


def settings_of(context: ServiceContext) -> ReportingSettings:
    """The settings, kept with the context."""
    found = context.state.get("reporting.settings")
    if not isinstance(found, ReportingSettings):
        found = context.state["reporting.settings"] = ReportingSettings()
    return found
