"""Evidence files of the register, encrypted and written once; items that need one to be closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "register_items",
        sa.Column("file_required", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "register_files",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.String(80), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(128), nullable=False),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_register_files_size")),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["register_items.id"],
            name=op.f("fk_register_files_item_id_register_items"),
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_register_files")),
        sa.UniqueConstraint("item_id", "sha256", name=op.f("uq_register_files_item_id_sha256")),
    )
    # Photographs and office files are compressed already.
    op.execute("ALTER TABLE register_files ALTER COLUMN content_enc SET STORAGE EXTERNAL")
    op.execute(
        "CREATE TRIGGER register_files_written_once BEFORE UPDATE OR DELETE ON register_files"
        " FOR EACH ROW EXECUTE FUNCTION reporting_written_once()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON register_files FROM CURRENT_USER")


def downgrade() -> None:
    op.drop_table("register_files")
    op.drop_column("register_items", "file_required")
