"""Merges of registered persons, as identity told them."""

from __future__ import annotations

from services.reporting.models.base import Base
from shared.merges.store import merge_table

person_merges = merge_table(Base.metadata)
