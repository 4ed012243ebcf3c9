"""Alembic environment of contracts."""

from __future__ import annotations

from services.contracts.models import Base
from shared.db.alembic_env import run

run(Base.metadata)
