"""Recognitions: what was asked, what was answered and why, kept for every later question."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE
from shared.db.sealed import sealed_as

recognitions = Table(
    "recognitions",
    METADATA,
    Column("recognition_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("organisation", String(128), nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("visit_no", String(64), nullable=False),
    Column("visit_type", String(32), nullable=False),
    Column("occurred_at", TIMESTAMP, nullable=False),
    Column("grade", String(16), nullable=False),
    # The person told to the hospital: certain or probable.
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=True),
    # The best candidate whatever the grade; a review looks at it.
    Column("candidate_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=True),
    Column("score", Float, nullable=False),
    Column("weights_version", String(32), nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("categories", JSONB, nullable=False),
    Column("entitlements", JSONB, nullable=False),
    Column(
        "credentials_enc", LargeBinary, info=sealed_as("recognitions.credentials"), nullable=False
    ),
    Column("recorded_at", TIMESTAMP, nullable=False),
    CheckConstraint("grade IN ('certain', 'probable', 'possible', 'none')", name="grade_known"),
    CheckConstraint(
        "(person_id IS NOT NULL) = (grade IN ('certain', 'probable'))", name="person_by_grade"
    ),
    Index("ix_recognitions_visit", "facility_code", "visit_no"),
    Index("ix_recognitions_person_id", "person_id"),
)

provisional_answers = Table(
    "provisional_answers",
    METADATA,
    Column(
        "recognition_id",
        UUID_TYPE,
        ForeignKey("recognitions.recognition_id"),
        primary_key=True,
    ),
    Column("region", String(12), nullable=False),
    # The last day on which a newborn's answer counts without a number.
    Column("valid_until", Date, nullable=False),
    # number_arrived, expired, or decided: a person has said who it is.
    Column("ended_at", TIMESTAMP, nullable=True),
    Column("outcome", String(16), nullable=True),
    CheckConstraint("outcome IN ('number_arrived', 'expired', 'decided')", name="outcome_known"),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="outcome_when_ended"),
    Index(
        "ix_provisional_answers_waiting",
        "region",
        "recognition_id",
        postgresql_where=text("ended_at IS NULL"),
    ),
)
