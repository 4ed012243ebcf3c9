"""What monitoring found, what became of it, and which visits are held from clearing meanwhile."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE

flags = Table(
    "flags",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("rule_version", String(40), nullable=False),
    # What makes it the same finding when the bills are looked at again.
    Column("key", String(200), nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("person_id", String(64), nullable=True),
    Column("found_on", Date, nullable=False),
    Column("encounters", JSONB, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("status", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("raised_at", TIMESTAMP, nullable=False),
    UniqueConstraint("region", "rule", "key"),
    CheckConstraint(
        "status IN ('open', 'explained', 'uphold_proposed', 'upheld', 'dismissed')", name="status"
    ),
    Index("ix_flags_status", "region", "status", "id"),
    Index("ix_flags_facility", "facility_code", "id"),
)

flag_steps = Table(
    "flag_steps",
    METADATA,
    Column("flag_id", UUID_TYPE, ForeignKey("flags.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    # explain | propose | uphold | dismiss | hold | release
    Column("step", String(16), nullable=False),
    Column("note", String(500), nullable=False),
    Column("done_at", TIMESTAMP, nullable=False),
    Column("done_by", String(128), nullable=False),
)

clearing_holds = Table(
    "clearing_holds",
    METADATA,
    # A visit that clearing leaves alone while the flag is looked into.
    Column("flag_id", UUID_TYPE, ForeignKey("flags.id"), primary_key=True),
    Column("encounter_id", UUID_TYPE, ForeignKey("encounters.id"), primary_key=True),
    Column("held_at", TIMESTAMP, nullable=False),
    Column("released_at", TIMESTAMP, nullable=True),
    Index(
        "ix_clearing_holds_encounter", "encounter_id", postgresql_where=text("released_at IS NULL")
    ),
)
