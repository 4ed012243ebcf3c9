"""Questions about recorded visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visit_flags",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("rule_version", sa.String(32), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("person_id", sa.String(64)),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("follow_ups", JSONB(), nullable=False),
        sa.Column("evidence", JSONB(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("flag_id", name="pk_visit_flags"),
        sa.UniqueConstraint("region", "rule", "key", name=op.f("uq_visit_flags_region_rule_key")),
        sa.CheckConstraint(
            "status IN ('open', 'explained', 'confirmed', 'dismissed')",
            name=op.f("ck_visit_flags_status"),
        ),
    )
    op.create_index("ix_visit_flags_team", "visit_flags", ["team", "status"])
    op.create_table(
        "visit_flag_steps",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String(12), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("done_by", sa.String(128), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("flag_id", "number", name="pk_visit_flag_steps"),
        sa.ForeignKeyConstraint(
            ["flag_id"],
            ["visit_flags.flag_id"],
            name=op.f("fk_visit_flag_steps_flag_id_visit_flags"),
            ondelete="RESTRICT",
        ),
    )
    op.create_index("ix_follow_ups_performed_at", "follow_ups", ["performed_at"])


def downgrade() -> None:
    op.drop_index("ix_follow_ups_performed_at", "follow_ups")
    op.drop_table("visit_flag_steps")
    op.drop_table("visit_flags")
