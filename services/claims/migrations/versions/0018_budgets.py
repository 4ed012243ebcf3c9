"""Global budgets: agreements, advances and year's ends, and their accounts and entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KINDS = "kind IN ('payer', 'hospital', 'patient', 'facility', 'fund', 'source', 'spent', 'held'{})"
FUND = "(kind IN ('payer', 'fund', 'source', 'spent', 'held'{})) = (fund IS NOT NULL)"
FACILITY = (
    "(kind IN ('payer', 'hospital', 'patient', 'facility', 'held'{})) = (facility_code IS NOT NULL)"
)
ENTRIES = (
    "kind IN ('settlement', 'reversal', 'opening', 'appropriation', 'transfer',"
    " 'clearing_payment', 'deposit_release', 'service_fee'{})"
)
WRITTEN_ONCE = ("budget_adjustments", "budget_advances", "budget_settlements")


def _rules(account: str, entry: str) -> None:
    for table, name, rule in (
        ("accounts", "kind", KINDS.format(account)),
        ("accounts", "fund", FUND.format(account)),
        ("accounts", "facility", FACILITY.format(account)),
        ("journal_entries", "kind", ENTRIES.format(entry)),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def upgrade() -> None:
    _rules(", 'advance'", ", 'budget_advance', 'budget_settlement'")
    op.create_table(
        "budget_agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("community", sa.String(100), nullable=False),
        sa.Column("plan", sa.String(32), nullable=False),
        sa.Column("plan_words", postgresql.JSONB(), nullable=False),
        sa.Column("lead_facility_code", sa.String(32), nullable=False),
        sa.Column("facilities", postgresql.JSONB(), nullable=False),
        sa.Column("townships", postgresql.JSONB(), nullable=False),
        sa.Column("approved_fen", sa.BigInteger(), nullable=False),
        sa.Column("risk_reserve_ratio", sa.Numeric(7, 6), nullable=False),
        sa.Column("critical_illness_fen", sa.BigInteger(), nullable=False),
        sa.Column("other_reserves_fen", sa.BigInteger(), nullable=False),
        sa.Column("deposit_ratio", sa.Numeric(7, 6), nullable=False),
        sa.Column("retained_ratio", sa.Numeric(7, 6), nullable=False),
        sa.Column("overspend_ratio", sa.Numeric(7, 6), nullable=False),
        sa.Column("overspend_cap_ratio", sa.Numeric(7, 6), nullable=True),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.String(200), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("signed_by", sa.String(128), nullable=True),
        sa.CheckConstraint(
            "(signed_on IS NULL) = (signed_by IS NULL)", name=op.f("ck_budget_agreements_signed")
        ),
        sa.CheckConstraint(
            "signed_on IS NULL OR document IS NOT NULL", name=op.f("ck_budget_agreements_document")
        ),
        sa.CheckConstraint(
            "signed_by <> created_by", name=op.f("ck_budget_agreements_two_persons")
        ),
        sa.CheckConstraint(
            "LEAST(approved_fen, critical_illness_fen, other_reserves_fen) >= 0",
            name=op.f("ck_budget_agreements_amounts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_agreements")),
        sa.UniqueConstraint(
            "region",
            "year",
            "plan",
            "community",
            name=op.f("uq_budget_agreements_region_year_plan_community"),
        ),
    )
    op.create_table(
        "budget_adjustments",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("from_month", sa.Integer(), nullable=False),
        sa.Column("approved_fen", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.CheckConstraint(
            "from_month BETWEEN 2 AND 12", name=op.f("ck_budget_adjustments_from_month")
        ),
        sa.CheckConstraint("approved_fen >= 0", name=op.f("ck_budget_adjustments_approved")),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["budget_agreements.id"],
            name=op.f("fk_budget_adjustments_agreement_id_budget_agreements"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "from_month", name=op.f("pk_budget_adjustments")),
    )
    op.create_table(
        "budget_advances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("account_code", sa.String(96), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_budget_advances_month")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_budget_advances_amount")),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["budget_agreements.id"],
            name=op.f("fk_budget_advances_agreement_id_budget_agreements"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_advances")),
        sa.UniqueConstraint(
            "agreement_id", "month", name=op.f("uq_budget_advances_agreement_id_month")
        ),
    )
    op.create_table(
        "budget_settlements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("factor", sa.Numeric(7, 6), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("final_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["budget_agreements.id"],
            name=op.f("fk_budget_settlements_agreement_id_budget_agreements"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_settlements")),
        sa.UniqueConstraint("agreement_id", name=op.f("uq_budget_settlements_agreement_id")),
    )
    for table in WRITTEN_ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER")


def downgrade() -> None:
    """Refused by the constraints while an advance is booked."""
    for table in (*reversed(WRITTEN_ONCE), "budget_agreements"):
        op.drop_table(table)
    _rules("", "")
