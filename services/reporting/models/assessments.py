"""Assessments, their on-site samples, and the measures that followed. No projection."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.models.base import Base

TIMESTAMP = DateTime(timezone=True)

assessments = Table(
    "assessments",
    Base.metadata,
    Column("id", Uuid(as_uuid=True), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("scheme", String(32), nullable=False),
    Column("period", String(10), nullable=False),
    # The scheme as it was when the assessment was opened; later weights alter nothing.
    Column("parameters", JSONB, nullable=False),
    # Base amounts that hang on the grade: {subject: {link: fen}}.
    Column("bases", JSONB, nullable=False),
    Column("opened_at", TIMESTAMP, nullable=False),
    Column("opened_by", String(128), nullable=False),
    # Scores, ranks and figures as they were published.
    Column("results", JSONB(none_as_null=True), nullable=True),
    Column("published_at", TIMESTAMP, nullable=True),
    Column("published_by", String(128), nullable=True),
    CheckConstraint(
        "(results IS NULL) = (published_at IS NULL) AND (results IS NULL) = (published_by IS NULL)",
        name="published_whole",
    ),
    UniqueConstraint("region", "scheme", "period"),
)

assessment_samples = Table(
    "assessment_samples",
    Base.metadata,
    Column("id", Uuid(as_uuid=True), primary_key=True),
    Column("assessment_id", Uuid(as_uuid=True), ForeignKey("assessments.id"), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("item", String(32), nullable=False),
    Column("checked", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("note", String(500), nullable=True),
    Column("recorded_at", TIMESTAMP, nullable=False),
    Column("recorded_by", String(128), nullable=False),
    CheckConstraint("checked > 0 AND passed BETWEEN 0 AND checked", name="counted"),
    Index("ix_assessment_samples_assessment", "assessment_id", "id"),
)

assessment_sanctions = Table(
    "assessment_sanctions",
    Base.metadata,
    Column("id", Uuid(as_uuid=True), primary_key=True),
    Column("assessment_id", Uuid(as_uuid=True), ForeignKey("assessments.id"), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("document", String(200), nullable=True),
    # The item of the register under which it is followed up.
    Column("item_id", Uuid(as_uuid=True), ForeignKey("register_items.id"), nullable=False),
    Column("decided_at", TIMESTAMP, nullable=False),
    Column("decided_by", String(128), nullable=False),
    Index("ix_assessment_sanctions_assessment", "assessment_id", "id"),
)
