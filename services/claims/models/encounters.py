"""Encounters: one row per visit, what recognitions said of it, and the members projection."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

encounters = Table(
    "encounters",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("visit_no", String(64), nullable=False),
    Column("visit_type", String(24), nullable=False),
    Column("status", String(16), nullable=False),
    # Rises with every change; also the sequence of the encounter's events.
    Column("version", BigInteger, nullable=False),
    Column("admitted_at", TIMESTAMP, nullable=False),
    Column("discharged_at", TIMESTAMP, nullable=True),
    Column("diagnoses", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # The attending doctor by the hospital's own staff code, as told at the discharge.
    Column("doctor_code", String(16), nullable=True),
    Column("referral", Boolean, nullable=False, server_default=text("false")),
    # The facility that issued the referral; some regions say which may (XB-08).
    Column("referral_issuer", String(32), nullable=True),
    Column("disease_programme", String(64), nullable=True),
    # Whether the patient showed the card for registered poor households (XB-06).
    Column("card_presented", Boolean, nullable=False, server_default=text("false")),
    # What schemes that settle on their own account have told to pay, by payer, in fen (JK-82).
    Column("stated_payments", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("insurance_plan", String(32), nullable=False),
    fen_column("deposit_fen"),
    # What the hospital expects the whole visit to cost; the reservation begins with it.
    fen_column("estimated_fen", nullable=True),
    # Who the patient is: the winning recognition, or else the person the hospital named.
    Column("person_id", String(64), nullable=True),
    Column("recognition_id", String(64), nullable=True),
    Column("recognition_grade", String(16), nullable=True),
    Column("categories", JSONB, nullable=True),
    Column("treat_first_pay_later", Boolean, nullable=False),
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    # Recognitions of this visit (or the hospital) name different persons: somebody must look.
    # By the ids as told: a merge may show that they mean one person, and then nobody need look.
    Column("recognition_conflict", Boolean, nullable=False, server_default=text("false")),
    # What is known now gives the settled bill another person or other categories: reverse and
    # settle again to use it.
    Column("recognition_pending", Boolean, nullable=False, server_default=text("false")),
    # The other person, where that alone is pending: a merge with him settles the matter.
    Column("pending_person_id", String(64), nullable=True),
    # What the hospital said in POST /encounters; null while only a recognition opened it.
    Column("registration", JSONB, nullable=True),
    Column("settlement_id", UUID_TYPE, nullable=True),
    # For whom it is settled: of a merged person, the kept one of that day.
    Column("settled_person_id", String(64), nullable=True),
    # How often it was settled, and the last one, which the next supersedes.
    Column("settlement_count", Integer, nullable=False, server_default=text("0")),
    Column("last_settlement_id", UUID_TYPE, nullable=True),
    Column("cancelled_at", TIMESTAMP, nullable=True),
    Column("cancel_reason", String(200), nullable=True),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    UniqueConstraint("region", "facility_code", "visit_no"),
    CheckConstraint(
        "status IN ('open', 'charging', 'discharged', 'settled', 'cancelled')", name="status"
    ),
    CheckConstraint("deposit_fen >= 0", name="deposit"),
    CheckConstraint("estimated_fen >= 0", name="estimated"),
    CheckConstraint("(status = 'settled') = (settlement_id IS NOT NULL)", name="settled"),
    CheckConstraint(
        "(status IN ('discharged', 'settled')) = (discharged_at IS NOT NULL)"
        " OR status = 'cancelled'",
        name="discharged",
    ),
    CheckConstraint(
        "(status = 'cancelled') = (cancelled_at IS NOT NULL)"
        " AND (cancelled_at IS NULL) = (cancel_reason IS NULL)",
        name="cancelled",
    ),
    CheckConstraint("settled_person_id IS NULL OR status = 'settled'", name="settled_person"),
    CheckConstraint("pending_person_id IS NULL OR recognition_pending", name="pending_person"),
    Index("ix_encounters_person_id", "person_id"),
    Index(
        "ix_encounters_pending",
        "region",
        "id",
        postgresql_where=text("recognition_pending"),
    ),
    Index("ix_encounters_visit_no", "visit_no"),
    # What a window looks at first: the newest that wait, among years of settled ones.
    Index(
        "ix_encounters_waiting",
        "region",
        "id",
        postgresql_where=text("status IN ('open', 'charging', 'discharged')"),
    ),
)

encounter_recognitions = Table(
    "encounter_recognitions",
    METADATA,
    Column("recognition_id", String(64), primary_key=True),
    Column("encounter_id", UUID_TYPE, ForeignKey("encounters.id"), nullable=False),
    # As last told; one that was withdrawn (possible, none) stays, so that an older word of it
    # that is delivered again does not bring it back.
    Column("grade", String(16), nullable=False),
    Column("person_id", String(64), nullable=True),
    Column("categories", JSONB, nullable=False),
    Column("treat_first_pay_later", Boolean, nullable=False),
    Column("visit_type", String(24), nullable=False),
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    Column("occurred_at", TIMESTAMP, nullable=False),
    # Of the newest event told of the recognition: 1 as made, then one more with every revision.
    Column("sequence", BigInteger, nullable=False),
    CheckConstraint("grade IN ('certain', 'probable', 'possible', 'none')", name="grade"),
    CheckConstraint("(grade IN ('certain', 'probable')) = (person_id IS NOT NULL)", name="named"),
    Index("ix_encounter_recognitions_encounter_id", "encounter_id"),
)

members = Table(
    "members",
    METADATA,
    Column("person_id", String(64), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("household_id", String(64), nullable=True),
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    Column("categories", JSONB, nullable=False),
    # As the roster tells them, once told kept; the day of birth is never told.
    Column("sex", String(1), nullable=True),
    Column("birth_year", SmallInteger, nullable=True),
    # Why he left the register, such as died; null while he is on it.
    Column("left_reason", String(32), nullable=True),
    Column("effective_on", Date, nullable=False),
    # The word recorded last, and of equals the higher sequence, is the one that counts.
    Column("recorded_at", TIMESTAMP, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)
