"""The packs by which bills were settled, whole: a settlement can be explained years later."""

from __future__ import annotations

from sqlalchemy import Column, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP

pack_versions = Table(
    "pack_versions",
    METADATA,
    Column("pack", String(64), primary_key=True),
    Column("version", String(80), primary_key=True),
    # File name to text, as the version's hash covers them.
    Column("files", JSONB, nullable=False),
    Column("first_used_at", TIMESTAMP, nullable=False),
)
"""Rows are written once and never changed."""
