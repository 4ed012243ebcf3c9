"""The register 台账: items, and steps that are written once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "register_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(200), nullable=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("problem", sa.String(1000), nullable=True),
        sa.Column("area", sa.String(130), nullable=False),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("responsible", postgresql.JSONB(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("first_deadline", sa.Date(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(500), nullable=True),
        sa.Column("measures", sa.String(1000), nullable=True),
        sa.Column("source", postgresql.JSONB(), nullable=False),
        sa.Column("citation", sa.String(300), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told_overdue", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'submitted', 'closed', 'withdrawn')",
            name=op.f("ck_register_items_status"),
        ),
        sa.CheckConstraint(
            "(status IN ('closed', 'withdrawn')) = (closed_on IS NOT NULL)",
            name=op.f("ck_register_items_closed"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_items")),
        sa.UniqueConstraint("region", "number", name=op.f("uq_register_items_region_number")),
    )
    op.create_index(
        "uq_register_items_live",
        "register_items",
        ["region", "subject"],
        unique=True,
        postgresql_where=sa.text("status IN ('open', 'submitted')"),
    )
    op.create_index("ix_register_items_due", "register_items", ["region", "deadline", "id"])
    op.create_table(
        "register_steps",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("done_at", TIMESTAMP, nullable=False),
        sa.Column("done_by", sa.String(128), nullable=False),
        sa.Column("note", sa.String(1000), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["register_items.id"],
            name=op.f("fk_register_steps_item_id_register_items"),
        ),
        sa.PrimaryKeyConstraint("item_id", "number", name=op.f("pk_register_steps")),
    )
    op.execute(
        "CREATE TRIGGER register_steps_written_once BEFORE UPDATE OR DELETE ON register_steps"
        " FOR EACH ROW EXECUTE FUNCTION reporting_written_once()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON register_steps FROM CURRENT_USER")


def downgrade() -> None:
    op.drop_table("register_steps")
    op.drop_table("register_items")
