"""Funds: money at hand, sources, uses; closed funds are never negative, whoever writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CODE = "code = kind || coalesce(':' || fund, '') || coalesce(':' || facility_code, '')"
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
BEFORE = {
    "kind": "kind IN ('payer', 'hospital', 'patient', 'facility')",
    "code": CODE,
    "fund": "(kind = 'payer') = (fund IS NOT NULL)",
    "facility": "facility_code IS NOT NULL",
}
AFTER = {
    "kind": "kind IN"
    " ('payer', 'hospital', 'patient', 'facility', 'fund', 'source', 'spent', 'held')",
    "code": f"{CODE} || coalesce(':' || purpose, '')",
    "fund": "(kind IN ('payer', 'fund', 'source', 'spent', 'held')) = (fund IS NOT NULL)",
    "facility": "(kind IN ('payer', 'hospital', 'patient', 'facility', 'held'))"
    " = (facility_code IS NOT NULL)",
}
ENTRY_KINDS = "kind IN ('settlement', 'reversal'{more})"

MONEY_MOVED = """
CREATE FUNCTION claims_fund_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Not ON CONFLICT: the row proposed first would have to satisfy the check by itself.
  INSERT INTO fund_balances (region, fund, balance_fen)
    SELECT region, fund, 0 FROM accounts WHERE code = NEW.account_code
    ON CONFLICT DO NOTHING;
  UPDATE fund_balances b SET balance_fen = b.balance_fen + NEW.amount_fen
    FROM accounts a
    WHERE a.code = NEW.account_code AND b.region = a.region AND b.fund = a.fund;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("accounts", sa.Column("purpose", sa.String(40), nullable=True))
    _rules("accounts", AFTER)
    op.create_check_constraint(
        op.f("ck_accounts_purpose"),
        "accounts",
        "(kind IN ('source', 'spent')) = (purpose IS NOT NULL)",
    )
    op.create_check_constraint(op.f("ck_accounts_closed_funds"), "accounts", CLOSED_FUNDS)
    _rules(
        "journal_entries",
        {"kind": ENTRY_KINDS.format(more=", 'opening', 'appropriation', 'transfer'")},
    )
    op.create_table(
        "fund_balances",
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("fund", sa.String(40), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "fund NOT IN ('special_fund', 'waiver_fund') OR balance_fen >= 0",
            name=op.f("ck_fund_balances_never_negative"),
        ),
        sa.PrimaryKeyConstraint("region", "fund", name=op.f("pk_fund_balances")),
    )
    op.create_table(
        "fund_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("fund", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("from_fund", sa.String(40), nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('opening', 'appropriation', 'transfer')", name=op.f("ck_fund_movements_kind")
        ),
        sa.CheckConstraint(
            "(kind = 'transfer') = (from_fund IS NOT NULL)",
            name=op.f("ck_fund_movements_from_fund"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_movements_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_movements")),
    )
    op.create_index("ix_fund_movements_fund", "fund_movements", ["region", "fund", "id"])
    op.create_index(
        "uq_fund_movements_opening",
        "fund_movements",
        ["region", "fund"],
        unique=True,
        postgresql_where=sa.text("kind = 'opening'"),
    )
    op.create_index(
        "uq_fund_movements_surplus",
        "fund_movements",
        ["region", "fund", "year"],
        unique=True,
        postgresql_where=sa.text("source = 'surplus_transfer'"),
    )
    op.create_table(
        "fund_warnings",
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("fund", sa.String(40), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("region", "fund", "month", name=op.f("pk_fund_warnings")),
    )
    op.execute(
        "CREATE TRIGGER fund_movements_written_once BEFORE UPDATE OR DELETE ON fund_movements"
        " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
    )
    op.execute(
        "CREATE TRIGGER fund_movements_never_truncated BEFORE TRUNCATE ON fund_movements"
        " FOR EACH STATEMENT EXECUTE FUNCTION claims_written_once()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON fund_movements FROM CURRENT_USER")
    op.execute(MONEY_MOVED)
    op.execute(
        "CREATE TRIGGER postings_move_funds AFTER INSERT ON postings FOR EACH ROW"
        " WHEN (NEW.account_code LIKE 'fund:%') EXECUTE FUNCTION claims_fund_moved()"
    )


def _rules(table: str, rules: dict[str, str]) -> None:
    for name, rule in rules.items():
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def downgrade() -> None:
    """Refused by the constraints while a fund's money is booked."""
    op.execute("DROP TRIGGER postings_move_funds ON postings")
    op.execute("DROP FUNCTION claims_fund_moved()")
    for table in ("fund_warnings", "fund_movements", "fund_balances"):
        op.drop_table(table)
    _rules("journal_entries", {"kind": ENTRY_KINDS.format(more="")})
    op.drop_constraint(op.f("ck_accounts_closed_funds"), "accounts")
    op.drop_constraint(op.f("ck_accounts_purpose"), "accounts")
    _rules("accounts", BEFORE)
    op.drop_column("accounts", "purpose")
