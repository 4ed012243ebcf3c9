"""Fee statements, each person's year once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fee_statements",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name="pk_fee_statements"),
        sa.UniqueConstraint("team", "number", name="uq_fee_statements_team_number"),
        sa.CheckConstraint("count > 0", name="ck_fee_statements_count"),
    )
    op.create_index("ix_fee_statements_period", "fee_statements", ["team", "period"])
    op.create_table(
        "fee_lines",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("use", sa.String(16), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("contract_id", sa.String(64)),
        sa.Column("service_id", sa.String(64), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("year_from", sa.Date(), nullable=False),
        sa.Column("year_before", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("line_id", name="pk_fee_lines"),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["fee_statements.statement_id"],
            name="fk_fee_lines_statement_id_fee_statements",
            ondelete="RESTRICT",
        ),
        sa.UniqueConstraint("use", "service_id", name="uq_fee_lines_use_service_id"),
        sa.CheckConstraint("use IN ('contract_fee', 'check_up')", name="ck_fee_lines_use"),
        sa.CheckConstraint("amount_fen > 0", name="ck_fee_lines_amount"),
        sa.CheckConstraint("year_before > year_from", name="ck_fee_lines_year"),
        sa.CheckConstraint(
            "(use = 'contract_fee') = (contract_id IS NOT NULL)", name="ck_fee_lines_contract"
        ),
    )
    op.create_index("ix_fee_lines_person_id", "fee_lines", ["person_id"])
    op.create_index("ix_fee_lines_team", "fee_lines", ["team", "done_on"])
    op.create_index("ix_fee_lines_statement_id", "fee_lines", ["statement_id"])
    # As of contracts: a person's year is paid once for each use, whoever asks at the same time.
    op.execute(
        "ALTER TABLE fee_lines ADD CONSTRAINT ex_fee_lines_once EXCLUDE USING gist ("
        "person_span(use || ' ' || person_id, use || ' ' || person_id, '[]') WITH &&,"
        " daterange(year_from, year_before) WITH &&)"
    )


def downgrade() -> None:
    op.drop_table("fee_lines")
    op.drop_table("fee_statements")
