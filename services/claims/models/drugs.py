"""What the special fund pays of drugs that family-doctor teams hand out."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, String, Table

from services.claims.models.base import METADATA, UUID_TYPE, fen_column

drug_payments = Table(
    "drug_payments",
    METADATA,
    Column("dispensing_id", String(64), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("area", String(16), nullable=False),
    # Who stood for the person when it was decided.
    Column("person_id", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("dispensed_on", Date, nullable=False),
    fen_column("total_fen"),
    fen_column("insured_fen"),
    # What the window was told; the fund pays that or less.
    fen_column("told_fen"),
    fen_column("fund_fen"),
    Column("withdrawn", Boolean, nullable=False),
    # Its turn among the person's bills: an id of the moment at which it was decided.
    Column("place", UUID_TYPE, nullable=False),
    # The year's limit with which the window reckoned; 0 of one that was withdrawn before.
    fen_column("cap_fen"),
    CheckConstraint(
        "fund_fen >= 0 AND fund_fen <= told_fen AND total_fen >= insured_fen + fund_fen",
        name="amounts",
    ),
    Index("ix_drug_payments_person_id", "person_id", "year"),
)
