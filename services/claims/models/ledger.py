"""The ledger: accounts, journal entries, postings. Written once; the database keeps it in balance.

``amount_fen`` of a posting is positive for a debit, negative for a credit. An entry states how
many postings it has, so that nothing can be added to it later, balanced or not. When a transaction
commits, constraint triggers look at what it wrote: every entry sums to zero, every settlement has
its entry, and the entry's postings are the settlement's payers. Entries are sealed into a hash
chain shortly after (``number``, ``prev_hash``, ``hash``), and change in no other way.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

ACCOUNT_KINDS = (
    "payer",
    "hospital",
    "patient",
    "facility",
    "fund",
    "source",
    "spent",
    "held",
    "advance",
)
ENTRY_KINDS = (
    "settlement",
    "reversal",
    "opening",
    "appropriation",
    "transfer",
    "clearing_payment",
    "deposit_release",
    "service_fee",
    "budget_advance",
    "budget_settlement",
    "drug_payment",
)
CODE_IS_ITS_PARTS = (
    "code = kind || coalesce(':' || fund, '') || coalesce(':' || facility_code, '')"
    " || coalesce(':' || purpose, '')"
)
# XB-53, XB-54, XB-55: closed funds, with sources and uses of their own, whoever writes.
CLOSED_FUNDS = (
    "fund NOT IN ('special_fund', 'waiver_fund') OR purpose IS NULL"
    " OR (fund = 'special_fund' AND kind = 'source'"
    " AND purpose IN ('opening_balance', 'surplus_transfer'))"
    " OR (fund = 'special_fund' AND kind = 'spent'"
    " AND purpose IN ('severe_illness', 'contract_fee', 'check_up', 'chronic_drugs'))"
    " OR (fund = 'waiver_fund' AND kind = 'source'"
    " AND purpose IN ('opening_balance', 'poverty_office'))"
    " OR (fund = 'waiver_fund' AND kind = 'spent' AND purpose = 'fee_waiver')"
)


def one_of(column: str, words: tuple[str, ...]) -> str:
    """SQL: the column holds one of the words."""
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


accounts = Table(
    "accounts",
    METADATA,
    Column("code", String(96), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("fund", String(40), nullable=True),
    Column("facility_code", String(32), nullable=True),
    # Where a fund's money came from, or what it was used for.
    Column("purpose", String(40), nullable=True),
    Column("name_en", String(200), nullable=False),
    Column("name_zh", String(200), nullable=False),
    CheckConstraint(one_of("kind", ACCOUNT_KINDS), name="kind"),
    # What an account is of cannot differ from what its code says.
    CheckConstraint(CODE_IS_ITS_PARTS, name="code"),
    CheckConstraint(
        "(kind IN ('payer', 'fund', 'source', 'spent', 'held', 'advance')) = (fund IS NOT NULL)",
        name="fund",
    ),
    CheckConstraint(
        "(kind IN ('payer', 'hospital', 'patient', 'facility', 'held', 'advance'))"
        " = (facility_code IS NOT NULL)",
        name="facility",
    ),
    CheckConstraint("(kind IN ('source', 'spent')) = (purpose IS NOT NULL)", name="purpose"),
    CheckConstraint(CLOSED_FUNDS, name="closed_funds"),
    Index("ix_accounts_facility_code", "facility_code"),
)

journal_entries = Table(
    "journal_entries",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("kind", String(24), nullable=False),
    # What is booked: a settlement or reversal of the bill; of other kinds, source_id tells.
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=True),
    Column("source_id", UUID_TYPE, nullable=True),
    Column("reverses_id", UUID_TYPE, ForeignKey("journal_entries.id"), nullable=True),
    Column("booked_on", Date, nullable=False),
    Column("posting_count", Integer, nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False, server_default=func.now()),
    # Sealed shortly after commit by one writer: number, link to the entry before, own hash.
    Column("number", BigInteger, nullable=True),
    Column("prev_hash", LargeBinary, nullable=True),
    Column("hash", LargeBinary, nullable=True),
    UniqueConstraint("settlement_id"),
    UniqueConstraint("reverses_id"),
    CheckConstraint(one_of("kind", ENTRY_KINDS), name="kind"),
    CheckConstraint(
        "(kind IN ('settlement', 'reversal')) = (settlement_id IS NOT NULL)", name="settlement"
    ),
    CheckConstraint("(settlement_id IS NULL) = (source_id IS NOT NULL)", name="source"),
    CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
    CheckConstraint("posting_count >= 2", name="posting_count"),
    Index("ix_journal_entries_booked_on", "booked_on"),
    Index("ix_journal_entries_unsealed", "id", postgresql_where=text("number IS NULL")),
    Index(
        "uq_journal_entries_number",
        "number",
        unique=True,
        postgresql_where=text("number IS NOT NULL"),
    ),
    Index(
        "uq_journal_entries_source",
        "kind",
        "source_id",
        unique=True,
        postgresql_where=text("source_id IS NOT NULL"),
    ),
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
