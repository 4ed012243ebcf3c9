"""Evidence files may be encrypted under a new key; everything else of them is written once."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
CREATE FUNCTION register_files_sealed_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND
     (NEW.file_id, NEW.item_id, NEW.media_type, NEW.size_bytes, NEW.sha256, NEW.added_at,
      NEW.added_by) IS NOT DISTINCT FROM
     (OLD.file_id, OLD.item_id, OLD.media_type, OLD.size_bytes, OLD.sha256, OLD.added_at,
      OLD.added_by)
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'register_files is written once';
END $$
"""
    )
    op.execute("DROP TRIGGER register_files_written_once ON register_files")
    op.execute(
        "CREATE TRIGGER register_files_written_once BEFORE UPDATE OR DELETE ON register_files"
        " FOR EACH ROW EXECUTE FUNCTION register_files_sealed_anew()"
    )
    op.execute("GRANT UPDATE (name_enc, content_enc) ON register_files TO CURRENT_USER")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (name_enc, content_enc) ON register_files FROM CURRENT_USER")
    op.execute("DROP TRIGGER register_files_written_once ON register_files")
    op.execute(
        "CREATE TRIGGER register_files_written_once BEFORE UPDATE OR DELETE ON register_files"
        " FOR EACH ROW EXECUTE FUNCTION reporting_written_once()"
    )
    op.execute("DROP FUNCTION register_files_sealed_anew()")
