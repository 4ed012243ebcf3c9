"""Assessments with their on-site samples and the measures that followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
WRITTEN_ONCE = ("assessment_samples", "assessment_sanctions")


def upgrade() -> None:
    op.create_table(
        "assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("scheme", sa.String(32), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("bases", postgresql.JSONB(), nullable=False),
        sa.Column("opened_at", TIMESTAMP, nullable=False),
        sa.Column("opened_by", sa.String(128), nullable=False),
        sa.Column("results", postgresql.JSONB(), nullable=True),
        sa.Column("published_at", TIMESTAMP, nullable=True),
        sa.Column("published_by", sa.String(128), nullable=True),
        sa.CheckConstraint(
            "(results IS NULL) = (published_at IS NULL)"
            " AND (results IS NULL) = (published_by IS NULL)",
            name=op.f("ck_assessments_published_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint(
            "region", "scheme", "period", name=op.f("uq_assessments_region_scheme_period")
        ),
    )
    op.create_table(
        "assessment_samples",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("item", sa.String(32), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(500), nullable=True),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.CheckConstraint(
            "checked > 0 AND passed BETWEEN 0 AND checked",
            name=op.f("ck_assessment_samples_counted"),
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessments.id"],
            name=op.f("fk_assessment_samples_assessment_id_assessments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_samples")),
    )
    op.create_index(
        "ix_assessment_samples_assessment", "assessment_samples", ["assessment_id", "id"]
    )
    op.create_table(
        "assessment_sanctions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("document", sa.String(200), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", TIMESTAMP, nullable=False),
        sa.Column("decided_by", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessments.id"],
            name=op.f("fk_assessment_sanctions_assessment_id_assessments"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["register_items.id"],
            name=op.f("fk_assessment_sanctions_item_id_register_items"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_sanctions")),
    )
    op.create_index(
        "ix_assessment_sanctions_assessment", "assessment_sanctions", ["assessment_id", "id"]
    )
    for table in WRITTEN_ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION reporting_written_once()"
        )
    # What is published stays as it was told.
    op.execute(
        "CREATE TRIGGER assessments_published BEFORE UPDATE OR DELETE ON assessments"
        " FOR EACH ROW WHEN (OLD.results IS NOT NULL) EXECUTE FUNCTION reporting_written_once()"
    )


def downgrade() -> None:
    for table in ("assessment_sanctions", "assessment_samples", "assessments"):
        op.drop_table(table)
