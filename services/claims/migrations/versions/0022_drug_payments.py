"""What the special fund pays of drugs that family-doctor teams hand out (XB-25)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('settlement', 'reversal', 'opening', 'appropriation', 'transfer',"
    " 'clearing_payment', 'deposit_release', 'service_fee', 'budget_advance',"
    " 'budget_settlement'{more})"
)


def _kinds(more: str) -> None:
    op.drop_constraint(op.f("ck_journal_entries_kind"), "journal_entries")
    op.create_check_constraint(
        op.f("ck_journal_entries_kind"), "journal_entries", KINDS.format(more=more)
    )


def _fees(amount: str, uses: str) -> None:
    op.drop_constraint(op.f("ck_service_fees_amount"), "service_fees")
    op.drop_constraint(op.f("ck_service_fees_use"), "service_fees")
    op.create_check_constraint(op.f("ck_service_fees_amount"), "service_fees", amount)
    op.create_check_constraint(op.f("ck_service_fees_use"), "service_fees", uses)


def upgrade() -> None:
    _kinds(", 'drug_payment'")
    _fees(
        "amount_fen > 0 OR (use = 'chronic_drugs' AND amount_fen < 0)",
        "use IN ('contract_fee', 'check_up', 'chronic_drugs')",
    )
    op.create_table(
        "drug_payments",
        sa.Column("dispensing_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("area", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("dispensed_on", sa.Date(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("insured_fen", sa.BigInteger(), nullable=False),
        sa.Column("told_fen", sa.BigInteger(), nullable=False),
        sa.Column("fund_fen", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("dispensing_id", name=op.f("pk_drug_payments")),
        sa.CheckConstraint(
            "fund_fen >= 0 AND fund_fen <= told_fen AND total_fen >= insured_fen + fund_fen",
            name=op.f("ck_drug_payments_amounts"),
        ),
    )
    op.create_index("ix_drug_payments_person_id", "drug_payments", ["person_id", "year"])


def downgrade() -> None:
    op.drop_table("drug_payments")
    _fees("amount_fen > 0", "use IN ('contract_fee', 'check_up')")
    _kinds("")
