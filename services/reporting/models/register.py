"""The register 台账: items as they stand, and every step that was taken with them.

No projection: a rebuild leaves it alone. Steps are written once.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.models.base import Base
from shared.db.sealed import sealed_as

TIMESTAMP = DateTime(timezone=True)

register_items = Table(
    "register_items",
    Base.metadata,
    Column("id", Uuid(as_uuid=True), primary_key=True),
    Column("region", String(16), nullable=False),
    # Such as 511113-T2016-0007; its year is the one in which the item was opened.
    Column("number", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    # What the item is about, of which only one may be open: an indicator of a place, a task.
    Column("subject", String(200), nullable=True),
    Column("title", String(120), nullable=False),
    Column("problem", String(1000), nullable=True),
    Column("area", String(130), nullable=False),
    # Whose eyes it is for, besides the county's.
    Column("township", String(64), nullable=True),
    Column("responsible", JSONB, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("deadline", Date, nullable=False),
    # As it was before it was ever postponed.
    Column("first_deadline", Date, nullable=False),
    Column("status", String(16), nullable=False),
    Column("cause", String(500), nullable=True),
    Column("measures", String(1000), nullable=True),
    Column("source", JSONB, nullable=False),
    Column("citation", String(300), nullable=True),
    Column("closed_on", Date, nullable=True),
    # Rises with every step.
    Column("version", Integer, nullable=False),
    Column("told_overdue", Date, nullable=True),
    # Words alone do not close it.
    Column("file_required", Boolean, nullable=False, server_default=false()),
    CheckConstraint("status IN ('open', 'submitted', 'closed', 'withdrawn')", name="status"),
    CheckConstraint("(status IN ('closed', 'withdrawn')) = (closed_on IS NOT NULL)", name="closed"),
    UniqueConstraint("region", "number"),
    Index(
        "uq_register_items_live",
        "region",
        "subject",
        unique=True,
        postgresql_where=text("status IN ('open', 'submitted')"),
    ),
    # The list's order, and the look for what is overdue.
    Index("ix_register_items_due", "region", "deadline", "id"),
)

register_steps = Table(
    "register_steps",
    Base.metadata,
    Column("item_id", Uuid(as_uuid=True), ForeignKey("register_items.id"), primary_key=True),
    # The item's version after it.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", String(16), nullable=False),
    Column("done_at", TIMESTAMP, nullable=False),
    Column("done_by", String(128), nullable=False),
    Column("note", String(1000), nullable=True),
    Column("detail", JSONB, nullable=False),
)

register_files = Table(
    "register_files",
    Base.metadata,
    Column("file_id", Uuid(as_uuid=True), primary_key=True),
    Column("item_id", Uuid(as_uuid=True), ForeignKey("register_items.id"), nullable=False),
    # A file may be called after a person.
    Column("name_enc", LargeBinary, info=sealed_as("register_files.name"), nullable=False),
    Column("media_type", String(80), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content_enc", LargeBinary, info=sealed_as("register_files.content"), nullable=False),
    Column("added_at", TIMESTAMP, nullable=False),
    Column("added_by", String(128), nullable=False),
    CheckConstraint("size_bytes > 0", name="size"),
    # The same paper twice is one evidence.
    UniqueConstraint("item_id", "sha256"),
)
