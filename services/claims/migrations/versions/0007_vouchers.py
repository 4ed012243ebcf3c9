"""A settled bill can be revised: difference vouchers, and the place in the year that is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("vouchers", "voucher_parts")


def upgrade() -> None:
    op.add_column("settlements", sa.Column("year_place", sa.Uuid(), nullable=True))
    op.create_table(
        "vouchers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=False),
        sa.Column("reversal_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounters.id"], name=op.f("fk_vouchers_encounter_id_encounters")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["settlements.id"], name=op.f(f"fk_vouchers_{column}_settlements")
            )
            for column in ("settlement_id", "supersedes_id", "reversal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("settlement_id", name=op.f("uq_vouchers_settlement_id")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_vouchers_supersedes_id")),
    )
    op.create_index("ix_vouchers_facility", "vouchers", ["region", "facility_code", "id"])
    op.create_table(
        "voucher_parts",
        sa.Column("voucher_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(40), nullable=False),
        sa.Column("before_fen", sa.BigInteger(), nullable=False),
        sa.Column("after_fen", sa.BigInteger(), nullable=False),
        sa.Column("difference_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "difference_fen = after_fen - before_fen", name=op.f("ck_voucher_parts_difference")
        ),
        sa.CheckConstraint(
            "LEAST(before_fen, after_fen) >= 0", name=op.f("ck_voucher_parts_signs")
        ),
        sa.ForeignKeyConstraint(
            ["voucher_id"], ["vouchers.id"], name=op.f("fk_voucher_parts_voucher_id_vouchers")
        ),
        sa.PrimaryKeyConstraint("voucher_id", "position", name=op.f("pk_voucher_parts")),
        sa.UniqueConstraint("voucher_id", "party", name=op.f("uq_voucher_parts_voucher_id_party")),
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_truncated BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION claims_written_once()"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("settlements", "year_place")
