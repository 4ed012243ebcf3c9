"""Clearing runs, what they collect and pay; nothing stands in two live runs or is paid twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = "kind IN ('settlement', 'reversal', 'opening', 'appropriation', 'transfer'{more})"
WRITTEN_ONCE = ("clearing_steps", "clearing_payments")


def _kinds(more: str) -> None:
    op.drop_constraint(op.f("ck_journal_entries_kind"), "journal_entries")
    op.create_check_constraint(
        op.f("ck_journal_entries_kind"), "journal_entries", KINDS.format(more=more)
    )


def upgrade() -> None:
    _kinds(", 'clearing_payment', 'deposit_release'")
    op.create_table(
        "clearing_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("fund", sa.String(40), nullable=True),
        sa.Column("facility_code", sa.String(32), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deposit_ratio", sa.Numeric(5, 4), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'reviewed', 'approved', 'paid', 'cancelled')",
            name=op.f("ck_clearing_runs_status"),
        ),
        sa.CheckConstraint(
            "deposit_ratio BETWEEN 0 AND 0.3", name=op.f("ck_clearing_runs_deposit_ratio")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearing_runs")),
    )
    op.create_index("ix_clearing_runs_region", "clearing_runs", ["region", "id"])
    op.create_table(
        "clearing_steps",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.String(128), nullable=False),
        sa.Column("note", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["clearing_runs.id"], name=op.f("fk_clearing_steps_run_id_clearing_runs")
        ),
        sa.PrimaryKeyConstraint("run_id", "step", name=op.f("pk_clearing_steps")),
    )
    op.create_table(
        "clearing_parts",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("fund", sa.String(40), nullable=False),
        sa.Column("use", sa.String(40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("released_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_clearing_parts_amount")),
        sa.CheckConstraint(
            "held_fen BETWEEN 0 AND amount_fen", name=op.f("ck_clearing_parts_held")
        ),
        sa.CheckConstraint(
            "paid_fen BETWEEN 0 AND amount_fen - held_fen", name=op.f("ck_clearing_parts_paid")
        ),
        sa.CheckConstraint(
            "released_fen BETWEEN 0 AND held_fen", name=op.f("ck_clearing_parts_released")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["clearing_runs.id"], name=op.f("fk_clearing_parts_run_id_clearing_runs")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "facility_code", "fund", "use", name=op.f("pk_clearing_parts")
        ),
    )
    op.create_table(
        "clearing_items",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("fund", sa.String(40), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("use", sa.String(40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["clearing_runs.id"], name=op.f("fk_clearing_items_run_id_clearing_runs")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlements.id"],
            name=op.f("fk_clearing_items_settlement_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("run_id", "settlement_id", "fund", name=op.f("pk_clearing_items")),
    )
    op.create_index(
        "uq_clearing_items_live",
        "clearing_items",
        ["settlement_id", "fund"],
        unique=True,
        postgresql_where=sa.text("live"),
    )
    op.create_table(
        "clearing_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("fund", sa.String(40), nullable=False),
        sa.Column("use", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.CheckConstraint(
            "kind IN ('payment', 'release')", name=op.f("ck_clearing_payments_kind")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_clearing_payments_amount")),
        sa.ForeignKeyConstraint(
            ["run_id", "facility_code", "fund", "use"],
            [
                "clearing_parts.run_id",
                "clearing_parts.facility_code",
                "clearing_parts.fund",
                "clearing_parts.use",
            ],
            name="fk_clearing_payments_part",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearing_payments")),
    )
    op.create_index(
        "uq_clearing_payments_reference",
        "clearing_payments",
        ["run_id", "reference", "facility_code", "fund", "use"],
        unique=True,
    )
    for table in WRITTEN_ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER")


def downgrade() -> None:
    """Refused by the constraints while a payment is booked."""
    for table in (
        "clearing_payments",
        "clearing_items",
        "clearing_parts",
        "clearing_steps",
        "clearing_runs",
    ):
        op.drop_table(table)
    _kinds("")
