"""What later knowledge makes of a recognition; what was answered then stays as it was."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE

recognition_revisions = Table(
    "recognition_revisions",
    METADATA,
    Column("revision_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("recognition_id", UUID_TYPE, ForeignKey("recognitions.recognition_id"), nullable=False),
    # 2 for the first revision: the event's sequence, 1 being the recognition itself.
    Column("number", Integer, nullable=False),
    # roster_correction, review, number_arrived or merge.
    Column("reason", String(32), nullable=False),
    # The roster import that brought it, if one did.
    Column("import_id", UUID_TYPE, ForeignKey("roster_imports.import_id"), nullable=True),
    Column("from_grade", String(16), nullable=False),
    Column("to_grade", String(16), nullable=False),
    Column("from_person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=True),
    Column("to_person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=True),
    # As they were last told, and as they are now known to have been on the visit's day.
    Column("from_categories", JSONB, nullable=False),
    Column("to_categories", JSONB, nullable=False),
    Column("from_entitlements", JSONB, nullable=False),
    Column("to_entitlements", JSONB, nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False),
    UniqueConstraint("recognition_id", "number"),
    CheckConstraint(
        "reason IN ('roster_correction', 'review', 'number_arrived', 'merge')",
        name="reason_known",
    ),
    Index("ix_recognition_revisions_import_id", "import_id"),
    Index("ix_recognition_revisions_to_person_id", "to_person_id"),
)
