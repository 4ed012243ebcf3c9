"""Fees of family-doctor teams, owed by the special fund and paid through clearing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('settlement', 'reversal', 'opening', 'appropriation', 'transfer',"
    " 'clearing_payment', 'deposit_release'{more})"
)


def _kinds(more: str) -> None:
    op.drop_constraint(op.f("ck_journal_entries_kind"), "journal_entries")
    op.create_check_constraint(
        op.f("ck_journal_entries_kind"), "journal_entries", KINDS.format(more=more)
    )


def upgrade() -> None:
    _kinds(", 'service_fee'")
    op.create_table(
        "service_fees",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("statement_id", sa.String(64), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("use", sa.String(40), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_fees")),
        sa.UniqueConstraint("statement_id", "use", name=op.f("uq_service_fees_statement_id_use")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_service_fees_amount")),
        sa.CheckConstraint("use IN ('contract_fee', 'check_up')", name=op.f("ck_service_fees_use")),
    )
    op.create_index("ix_service_fees_booked_on", "service_fees", ["region", "booked_on"])
    op.create_table(
        "clearing_fees",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("service_fee_id", sa.Uuid(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "service_fee_id", name=op.f("pk_clearing_fees")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["clearing_runs.id"], name=op.f("fk_clearing_fees_run_id_clearing_runs")
        ),
        sa.ForeignKeyConstraint(
            ["service_fee_id"],
            ["service_fees.id"],
            name=op.f("fk_clearing_fees_service_fee_id_service_fees"),
        ),
    )
    op.create_index(
        "uq_clearing_fees_live",
        "clearing_fees",
        ["service_fee_id"],
        unique=True,
        postgresql_where=sa.text("live"),
    )
    op.execute(
        "CREATE TRIGGER service_fees_written_once BEFORE UPDATE OR DELETE ON service_fees"
        " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
    )


def downgrade() -> None:
    op.drop_table("clearing_fees")
    op.drop_table("service_fees")
    _kinds("")
