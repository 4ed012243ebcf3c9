"""Alembic environment of the claims database."""

from __future__ import annotations

from services.claims.models import METADATA
from shared.db.alembic_env import run

run(METADATA)
