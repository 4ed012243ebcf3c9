"""What caps cut is kept, and room that comes free is offered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlement_cuts",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("benefit", sa.String(40), nullable=False),
        sa.Column("cut_fen", sa.BigInteger(), nullable=False),
        sa.Column("cap_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cut_fen > 0", name=op.f("ck_settlement_cuts_cut")),
        sa.CheckConstraint("cap_fen >= 0", name=op.f("ck_settlement_cuts_cap")),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlements.id"],
            name=op.f("fk_settlement_cuts_settlement_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("settlement_id", "benefit", name=op.f("pk_settlement_cuts")),
    )
    op.execute(
        "CREATE TRIGGER settlement_cuts_written_once BEFORE UPDATE OR DELETE ON settlement_cuts"
        " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
    )
    op.execute(
        "CREATE TRIGGER settlement_cuts_never_truncated BEFORE TRUNCATE ON settlement_cuts"
        " FOR EACH STATEMENT EXECUTE FUNCTION claims_written_once()"
    )
    op.create_table(
        "proposal_decisions",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(128), nullable=False),
        sa.CheckConstraint(
            "decision IN ('confirmed', 'dismissed')", name=op.f("ck_proposal_decisions_decision")
        ),
        sa.CheckConstraint(
            "(decision = 'confirmed') = (replaced_by_id IS NOT NULL)",
            name=op.f("ck_proposal_decisions_replaced"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["settlements.id"],
                name=op.f(f"fk_proposal_decisions_{column}_settlements"),
            )
            for column in ("settlement_id", "replaced_by_id")
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_proposal_decisions")),
    )
    op.create_index(
        "ix_proposal_decisions_facility",
        "proposal_decisions",
        ["region", "facility_code", "settlement_id"],
    )


def downgrade() -> None:
    op.drop_table("proposal_decisions")
    op.drop_table("settlement_cuts")
