"""Funds: what each holds now, what came into it, and which warnings were given.

``fund_balances`` is kept by a trigger on the postings of the accounts ``fund:…``, so that whoever
writes, the row of a fund is locked while its money moves and a closed fund never goes below zero.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, String, Table, func, text

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

fund_balances = Table(
    "fund_balances",
    METADATA,
    Column("region", String(16), primary_key=True),
    Column("fund", String(40), primary_key=True),
    fen_column("balance_fen"),
    CheckConstraint(
        "fund NOT IN ('special_fund', 'waiver_fund') OR balance_fen >= 0", name="never_negative"
    ),
)

fund_movements = Table(
    "fund_movements",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("fund", String(40), nullable=False),
    # opening | appropriation | transfer
    Column("kind", String(16), nullable=False),
    Column("source", String(40), nullable=False),
    Column("from_fund", String(40), nullable=True),
    Column("year", Integer, nullable=False),
    fen_column("amount_fen"),
    # The document that decides it, by its number.
    Column("document", String(200), nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint("kind IN ('opening', 'appropriation', 'transfer')", name="kind"),
    CheckConstraint("(kind = 'transfer') = (from_fund IS NOT NULL)", name="from_fund"),
    CheckConstraint("amount_fen > 0", name="amount"),
    Index("ix_fund_movements_fund", "region", "fund", "id"),
    Index(
        "uq_fund_movements_opening",
        "region",
        "fund",
        unique=True,
        postgresql_where=text("kind = 'opening'"),
    ),
    # XB-53: one transfer from the surplus a year.
    Index(
        "uq_fund_movements_surplus",
        "region",
        "fund",
        "year",
        unique=True,
        postgresql_where=text("source = 'surplus_transfer'"),
    ),
)

fund_warnings = Table(
    "fund_warnings",
    METADATA,
    Column("region", String(16), primary_key=True),
    Column("fund", String(40), primary_key=True),
    # Its first day: a fund is warned of once a month.
    Column("month", Date, primary_key=True),
    Column("warned_at", TIMESTAMP, nullable=False),
)
