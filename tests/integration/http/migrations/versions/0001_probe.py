"""A table whose constraint is only looked at when the transaction commits."""

import sqlalchemy as sa
from alembic import op

from shared.db.mechanics_ddl import create_mechanics, drop_mechanics

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_mechanics(op)
    op.create_table(
        "notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.UniqueConstraint("slot", name="uq_notes_slot", deferrable=True, initially="DEFERRED"),
    )


def downgrade() -> None:
    op.drop_table("notes")
    drop_mechanics(op)
