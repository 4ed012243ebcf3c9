"""Facts of institutions, places and staff, and the county's map. No projection: people tell them."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.models.base import Base

TIMESTAMP = DateTime(timezone=True)

standard_facts = Table(
    "standard_facts",
    Base.metadata,
    Column("fact_id", Uuid(as_uuid=True), primary_key=True),
    Column("region", String(16), nullable=False),
    # places, facilities, departments or staff.
    Column("kind", String(16), nullable=False),
    # What it speaks of: a place's key, a facility's code, facility/department, facility/number.
    Column("key", String(160), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("township", String(64), nullable=True),
    Column("content", JSONB, nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False),
    Column("recorded_by", String(128), nullable=False),
    # When another telling of the same thing and day took its place.
    Column("replaced_at", TIMESTAMP, nullable=True),
    Index(
        "uq_standard_facts_standing",
        "region",
        "kind",
        "key",
        "valid_from",
        unique=True,
        postgresql_where=text("replaced_at IS NULL"),
    ),
)

standard_maps = Table(
    "standard_maps",
    Base.metadata,
    Column("region", String(16), primary_key=True),
    Column("sha256", String(64), nullable=False),
    # As the county sent it.
    Column("content", LargeBinary, nullable=False),
    # The outlines as they are drawn: [{key, path, x, y}].
    Column("shapes", JSONB, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("unplaced", JSONB, nullable=False),
    Column("uploaded_at", TIMESTAMP, nullable=False),
    Column("uploaded_by", String(128), nullable=False),
)
