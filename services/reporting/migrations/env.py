"""Alembic environment of reporting."""

from __future__ import annotations

from services.reporting.models import Base
from shared.db.alembic_env import run

run(Base.metadata)
