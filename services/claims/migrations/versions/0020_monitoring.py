"""Flags of monitoring with their case files, visits held from clearing, why a person left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("members", sa.Column("left_reason", sa.String(32), nullable=True))
    op.create_table(
        "flags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("rule_version", sa.String(40), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=True),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("encounters", postgresql.JSONB(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("raised_at", TIMESTAMP, nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'explained', 'uphold_proposed', 'upheld', 'dismissed')",
            name=op.f("ck_flags_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
        sa.UniqueConstraint("region", "rule", "key", name=op.f("uq_flags_region_rule_key")),
    )
    op.create_index("ix_flags_status", "flags", ["region", "status", "id"])
    op.create_index("ix_flags_facility", "flags", ["facility_code", "id"])
    op.create_table(
        "flag_steps",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("done_at", TIMESTAMP, nullable=False),
        sa.Column("done_by", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["flags.id"], name=op.f("fk_flag_steps_flag_id_flags")
        ),
        sa.PrimaryKeyConstraint("flag_id", "version", name=op.f("pk_flag_steps")),
    )
    op.execute(
        "CREATE TRIGGER flag_steps_written_once BEFORE UPDATE OR DELETE ON flag_steps"
        " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
    )
    op.create_table(
        "clearing_holds",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("held_at", TIMESTAMP, nullable=False),
        sa.Column("released_at", TIMESTAMP, nullable=True),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["flags.id"], name=op.f("fk_clearing_holds_flag_id_flags")
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"],
            ["encounters.id"],
            name=op.f("fk_clearing_holds_encounter_id_encounters"),
        ),
        sa.PrimaryKeyConstraint("flag_id", "encounter_id", name=op.f("pk_clearing_holds")),
    )
    op.create_index(
        "ix_clearing_holds_encounter",
        "clearing_holds",
        ["encounter_id"],
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("clearing_holds")
    op.drop_table("flag_steps")
    op.drop_table("flags")
    op.drop_column("members", "left_reason")
