"""Imports of contracts, and the verdict on each row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_batches",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("kept_back", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(128)),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("import_id", name="pk_import_batches"),
        sa.CheckConstraint(
            "status IN ('applied', 'dry_run', 'undone')", name="ck_import_batches_status"
        ),
        sa.CheckConstraint(
            "(status = 'undone') = (undone_at IS NOT NULL)", name="ck_import_batches_undone"
        ),
    )
    op.create_index(
        "ix_import_batches_organisation", "import_batches", ["organisation", "import_id"]
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("contract_id", sa.String(64)),
        sa.Column("column", sa.String(32)),
        sa.Column("code", sa.String(64)),
        sa.Column("message", sa.String(400)),
        sa.Column("message_zh", sa.String(400)),
        sa.Column("left", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "row", name="pk_import_rows"),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["import_batches.import_id"],
            name="fk_import_rows_import_id_import_batches",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint(
            "verdict IN ('accepted', 'unchanged', 'rejected')", name="ck_import_rows_verdict"
        ),
        sa.CheckConstraint(
            "(verdict = 'rejected') = (code IS NOT NULL)", name="ck_import_rows_code"
        ),
    )


def downgrade() -> None:
    op.drop_table("import_rows")
    op.drop_table("import_batches")
