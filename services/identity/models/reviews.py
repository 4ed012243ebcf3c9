"""Reviews: doubtful recognitions laid before a person, what was decided, and what followed."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE
from shared.db.sealed import sealed_as

reviews = Table(
    "reviews",
    METADATA,
    Column("review_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    # The recognition that raised the question; later ones that ask the same join it.
    Column("recognition_id", UUID_TYPE, ForeignKey("recognitions.recognition_id"), nullable=False),
    Column("grade", String(16), nullable=False),
    Column("weights_version", String(32), nullable=False),
    # Keyed hash of the normalised credentials: the question, without its words.
    Column("fingerprint", LargeBinary, nullable=False),
    # Codes; the words are made when they are shown.
    Column("reasons", JSONB, nullable=False),
    # open: nobody has decided; second: another person is to decide it too; disputed: two persons
    # disagree and a third decides; decided.
    Column("status", String(16), nullable=False),
    # Whether two persons decide it independently.
    Column("double", Boolean, nullable=False),
    Column("outcome", String(32), nullable=True),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=True),
    Column("opened_at", TIMESTAMP, nullable=False),
    Column("decided_at", TIMESTAMP, nullable=True),
    # The outcome was taken back; which review asks its question again.
    Column("withdrawn_at", TIMESTAMP, nullable=True),
    Column("reopened_as", UUID_TYPE, ForeignKey("reviews.review_id"), nullable=True),
    CheckConstraint("withdrawn_at IS NULL OR status = 'decided'", name="withdrawn_when_decided"),
    CheckConstraint("status IN ('open', 'second', 'disputed', 'decided')", name="status_known"),
    CheckConstraint("outcome IN ('same_person', 'different_person')", name="outcome_known"),
    CheckConstraint("(status = 'decided') = (outcome IS NOT NULL)", name="outcome_when_decided"),
    CheckConstraint("(status = 'decided') = (decided_at IS NOT NULL)", name="moment_when_decided"),
    CheckConstraint(
        "(person_id IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'same_person')",
        name="person_when_same",
    ),
    # One question is asked once at a time, however often the patient comes.
    Index(
        "uq_reviews_waiting",
        "region",
        "fingerprint",
        unique=True,
        postgresql_where=text("status <> 'decided'"),
    ),
    Index("ix_reviews_status", "region", "status", "opened_at"),
    Index("ix_reviews_fingerprint", "region", "fingerprint"),
    Index("ix_reviews_person_id", "person_id"),
    Index("ix_reviews_decided_at", "decided_at"),
    Index("ix_reviews_recognition_id", "recognition_id"),
)

review_recognitions = Table(
    "review_recognitions",
    METADATA,
    Column("review_id", UUID_TYPE, ForeignKey("reviews.review_id"), primary_key=True),
    Column(
        "recognition_id",
        UUID_TYPE,
        ForeignKey("recognitions.recognition_id"),
        primary_key=True,
    ),
    Column("joined_at", TIMESTAMP, nullable=False),
    Index("ix_review_recognitions_recognition_id", "recognition_id"),
)

review_candidates = Table(
    "review_candidates",
    METADATA,
    Column("review_id", UUID_TYPE, ForeignKey("reviews.review_id"), primary_key=True),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("score", Float, nullable=False),
    # Fields, levels and weights; never a value.
    Column("evidence", JSONB, nullable=False),
    Index("ix_review_candidates_person_id", "person_id"),
)

review_decisions = Table(
    "review_decisions",
    METADATA,
    Column("decision_id", UUID_TYPE, primary_key=True),
    Column("review_id", UUID_TYPE, ForeignKey("reviews.review_id"), nullable=False),
    Column("decider", String(128), nullable=False),
    Column("organisation", String(128), nullable=False),
    Column("decision", String(32), nullable=False),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=True),
    # Free words of a person: they may hold a name, so they are encrypted.
    Column("note_enc", LargeBinary, info=sealed_as("review_decisions.note"), nullable=True),
    Column("decided_at", TIMESTAMP, nullable=False),
    CheckConstraint("decision IN ('same_person', 'different_person')", name="decision_known"),
    CheckConstraint(
        "(person_id IS NOT NULL) = (decision = 'same_person')", name="person_when_same"
    ),
    # Nobody is his own second opinion.
    UniqueConstraint("review_id", "decider"),
)

review_withdrawals = Table(
    "review_withdrawals",
    METADATA,
    Column("withdrawal_id", UUID_TYPE, primary_key=True),
    Column("review_id", UUID_TYPE, ForeignKey("reviews.review_id"), nullable=False),
    Column("asked_by", String(128), nullable=False),
    Column("organisation", String(128), nullable=False),
    Column("reason_enc", LargeBinary, info=sealed_as("review_withdrawals.reason"), nullable=False),
    Column("asked_at", TIMESTAMP, nullable=False),
    # What two persons decided, two persons take back.
    UniqueConstraint("review_id", "asked_by"),
)

judged_pairs = Table(
    "judged_pairs",
    METADATA,
    Column("region", String(12), primary_key=True),
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), primary_key=True),
    # The last review's word counts.
    Column("verdict", String(32), nullable=False),
    Column("review_id", UUID_TYPE, ForeignKey("reviews.review_id"), nullable=False),
    Column("judged_at", TIMESTAMP, nullable=False),
    CheckConstraint("verdict IN ('same_person', 'different_person')", name="verdict_known"),
    Index("ix_judged_pairs_person_id", "person_id"),
)

person_aliases = Table(
    "person_aliases",
    METADATA,
    Column("alias_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=False),
    Column("review_id", UUID_TYPE, ForeignKey("reviews.review_id"), nullable=False),
    # name: written so at a window; id_number: given so at a window, not the registered number.
    Column("kind", String(16), nullable=False),
    Column("value_enc", LargeBinary, info=sealed_as("person_aliases.value"), nullable=False),
    Column("value_idx", LargeBinary, nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False),
    CheckConstraint("kind IN ('name', 'id_number')", name="kind_known"),
    UniqueConstraint("person_id", "kind", "value_idx"),
    Index("ix_person_aliases_value_idx", "region", "kind", "value_idx"),
)
