"""The ledger: accounts, journal entries, postings. Immutable; a deferred constraint balances it.

``amount_fen`` of a posting is positive for a debit, negative for a credit. An entry states how
many postings it has, so that nothing can be added to it later, balanced or not.
"""

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
    func,
)

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

accounts = Table(
    "accounts",
    METADATA,
    Column("code", String(96), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("facility_code", String(32), nullable=False),
    # payer | patient | facility
    Column("kind", String(16), nullable=False),
    Column("payer", String(40), nullable=True),
    Column("name_en", String(200), nullable=False),
    Column("name_zh", String(200), nullable=False),
    CheckConstraint("kind IN ('payer', 'patient', 'facility')", name="kind"),
    CheckConstraint("(kind = 'payer') = (payer IS NOT NULL)", name="payer"),
    Index("ix_accounts_facility_code", "facility_code"),
)

journal_entries = Table(
    "journal_entries",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=False),
    Column("reverses_id", UUID_TYPE, ForeignKey("journal_entries.id"), nullable=True),
    Column("booked_on", Date, nullable=False),
    Column("posting_count", Integer, nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False, server_default=func.now()),
    UniqueConstraint("settlement_id"),
    UniqueConstraint("reverses_id"),
    CheckConstraint("posting_count >= 2", name="posting_count"),
    Index("ix_journal_entries_booked_on", "booked_on"),
)

postings = Table(
    "postings",
    METADATA,
    Column("entry_id", UUID_TYPE, ForeignKey("journal_entries.id"), primary_key=True),
    Column("account_code", String(96), ForeignKey("accounts.code"), primary_key=True),
    fen_column("amount_fen"),
    CheckConstraint("amount_fen <> 0", name="amount"),
    Index("ix_postings_account", "account_code", "entry_id"),
)
