"""Months that are closed: what was cut out of the figures, who did which step, what was signed.

None of it is a projection: a rebuild leaves it alone. Rows and steps are written once.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.models.base import Base
from shared.db.sealed import sealed_as

TIMESTAMP = DateTime(timezone=True)

month_closes = Table(
    "month_closes",
    Base.metadata,
    Column("id", Uuid(as_uuid=True), primary_key=True),
    Column("region", String(16), nullable=False),
    # Such as 2016-05.
    Column("month", String(7), nullable=False),
    # 1, 2 … : a month that was reopened is closed again with the next one.
    Column("revision", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    # Which of the cuts is the one that is submitted, accepted and signed.
    Column("cut", Integer, nullable=False),
    Column("cut_at", TIMESTAMP, nullable=False),
    # What the cut's rows add up to, judged by the targets of that moment.
    Column("figures", JSONB, nullable=False),
    # Who asked for the reopening, and why; a second person does it.
    Column("reopening", JSONB, nullable=True),
    # The order of signing in the region, without a gap; told when it is signed.
    Column("place", Integer, nullable=True),
    Column("closed_at", TIMESTAMP, nullable=True),
    Column("sha256", String(64), nullable=True),
    Column("file", LargeBinary, nullable=True),
    CheckConstraint(
        "status IN ('draft', 'submitted', 'accepted', 'closed', 'reopened')", name="status"
    ),
    CheckConstraint(
        "(status IN ('closed', 'reopened')) = (file IS NOT NULL)"
        " AND (file IS NULL) = (sha256 IS NULL) AND (file IS NULL) = (place IS NULL)"
        " AND (file IS NULL) = (closed_at IS NULL)",
        name="signed_whole",
    ),
    UniqueConstraint("region", "month", "revision"),
    UniqueConstraint("region", "place"),
    Index(
        "uq_month_closes_live",
        "region",
        "month",
        unique=True,
        postgresql_where=text("status <> 'reopened'"),
    ),
)

close_steps = Table(
    "close_steps",
    Base.metadata,
    Column("close_id", Uuid(as_uuid=True), ForeignKey("month_closes.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", String(16), nullable=False),
    # Of a township's submission.
    Column("township", String(64), nullable=True),
    # What the step was about.
    Column("cut", Integer, nullable=False),
    Column("done_at", TIMESTAMP, nullable=False),
    Column("done_by", String(128), nullable=False),
    Column("note", String(200), nullable=True),
)

close_rows = Table(
    "close_rows",
    Base.metadata,
    Column("close_id", Uuid(as_uuid=True), ForeignKey("month_closes.id"), primary_key=True),
    Column("cut", Integer, primary_key=True, autoincrement=False),
    # The month that the row counts for: the closed one, or an earlier one that it corrects.
    Column("of_month", String(7), primary_key=True),
    Column("dataset", String(16), primary_key=True),
    Column("record_id", String(64), primary_key=True),
    # own; late, changed or withdrawn since the month was closed.
    Column("kind", String(16), nullable=False),
    Column("township", String(64), nullable=True),
    Column("facility_code", String(32), nullable=True),
    Column("day", Date, nullable=True),
    # The row as it counted before (of a correction), and as it counts now (not of one withdrawn).
    Column("before", JSONB(none_as_null=True), nullable=True),
    Column("after", JSONB(none_as_null=True), nullable=True),
    CheckConstraint("kind IN ('own', 'late', 'changed', 'withdrawn')", name="kind"),
    CheckConstraint(
        "(kind IN ('own', 'late')) = (before IS NULL) AND (kind = 'withdrawn') = (after IS NULL)",
        name="before_and_after",
    ),
    Index("ix_close_rows_record", "dataset", "record_id", "of_month"),
)

close_keys = Table(
    "close_keys",
    Base.metadata,
    Column("kid", String(64), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    # The private half, under the vault's key: the database alone signs no month.
    Column("private_enc", LargeBinary, info=sealed_as("close_keys.private"), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("retired_at", TIMESTAMP, nullable=True),
    Index(
        "uq_close_keys_signing",
        "region",
        unique=True,
        postgresql_where=text("retired_at IS NULL"),
    ),
)

close_copies = Table(
    "close_copies",
    Base.metadata,
    # Stands on every page of the copy.
    Column("copy_id", Uuid(as_uuid=True), primary_key=True),
    Column("close_id", Uuid(as_uuid=True), ForeignKey("month_closes.id"), nullable=False),
    Column("form", String(32), nullable=False),
    Column("made_for", String(128), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    # The same copy is given again, byte for byte, whatever the product prints by then.
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("close_id", "form", "made_for"),
)
