"""Alembic environment of the identity database."""

from services.identity.module import MODULE
from shared.db.alembic_env import run

run(MODULE.metadata)
