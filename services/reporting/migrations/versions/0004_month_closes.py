"""Months are closed: rows and steps are written once, what is signed never changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
WRITTEN_ONCE = ("close_steps", "close_rows", "close_copies")

# A signed month may only be marked as reopened, with who asked for it.
GUARDS = (
    """
CREATE FUNCTION reporting_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is written once', TG_TABLE_NAME;
END $$
""",
    """
CREATE FUNCTION month_closes_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.file IS NULL OR
     (NEW.status IN ('closed', 'reopened') AND
      (NEW.id, NEW.region, NEW.month, NEW.revision, NEW.cut, NEW.cut_at, NEW.figures, NEW.place,
       NEW.closed_at, NEW.sha256, NEW.file) IS NOT DISTINCT FROM
      (OLD.id, OLD.region, OLD.month, OLD.revision, OLD.cut, OLD.cut_at, OLD.figures, OLD.place,
       OLD.closed_at, OLD.sha256, OLD.file)))
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a signed month does not change';
END $$
""",
    """
CREATE TRIGGER month_closes_guard BEFORE UPDATE OR DELETE ON month_closes
  FOR EACH ROW EXECUTE FUNCTION month_closes_guard()
""",
    *(
        f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION reporting_written_once()"
        for table in WRITTEN_ONCE
    ),
    *(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER" for table in WRITTEN_ONCE),
)


def upgrade() -> None:
    _closes()
    _parts()
    _keys_and_copies()
    for statement in GUARDS:
        op.execute(statement)


def _closes() -> None:
    op.create_table(
        "month_closes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("cut", sa.Integer(), nullable=False),
        sa.Column("cut_at", TIMESTAMP, nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("reopening", postgresql.JSONB(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("closed_at", TIMESTAMP, nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'accepted', 'closed', 'reopened')",
            name=op.f("ck_month_closes_status"),
        ),
        sa.CheckConstraint(
            "(status IN ('closed', 'reopened')) = (file IS NOT NULL)"
            " AND (file IS NULL) = (sha256 IS NULL) AND (file IS NULL) = (place IS NULL)"
            " AND (file IS NULL) = (closed_at IS NULL)",
            name=op.f("ck_month_closes_signed_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_closes")),
        sa.UniqueConstraint(
            "region", "month", "revision", name=op.f("uq_month_closes_region_month_revision")
        ),
        sa.UniqueConstraint("region", "place", name=op.f("uq_month_closes_region_place")),
    )
    op.create_index(
        "uq_month_closes_live",
        "month_closes",
        ["region", "month"],
        unique=True,
        postgresql_where=sa.text("status <> 'reopened'"),
    )


def _parts() -> None:
    op.create_table(
        "close_steps",
        sa.Column("close_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("cut", sa.Integer(), nullable=False),
        sa.Column("done_at", TIMESTAMP, nullable=False),
        sa.Column("done_by", sa.String(128), nullable=False),
        sa.Column("note", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(
            ["close_id"], ["month_closes.id"], name=op.f("fk_close_steps_close_id_month_closes")
        ),
        sa.PrimaryKeyConstraint("close_id", "number", name=op.f("pk_close_steps")),
    )
    op.create_table(
        "close_rows",
        sa.Column("close_id", sa.Uuid(), nullable=False),
        sa.Column("cut", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("of_month", sa.String(7), nullable=False),
        sa.Column("dataset", sa.String(16), nullable=False),
        sa.Column("record_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("facility_code", sa.String(32), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('own', 'late', 'changed', 'withdrawn')", name=op.f("ck_close_rows_kind")
        ),
        sa.CheckConstraint(
            "(kind IN ('own', 'late')) = (before IS NULL)"
            " AND (kind = 'withdrawn') = (after IS NULL)",
            name=op.f("ck_close_rows_before_and_after"),
        ),
        sa.ForeignKeyConstraint(
            ["close_id"], ["month_closes.id"], name=op.f("fk_close_rows_close_id_month_closes")
        ),
        sa.PrimaryKeyConstraint(
            "close_id", "cut", "of_month", "dataset", "record_id", name=op.f("pk_close_rows")
        ),
    )
    op.create_index("ix_close_rows_record", "close_rows", ["dataset", "record_id", "of_month"])


def _keys_and_copies() -> None:
    op.create_table(
        "close_keys",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(), nullable=False),
        sa.Column("private_enc", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", TIMESTAMP, nullable=False),
        sa.Column("retired_at", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_close_keys")),
    )
    op.create_index(
        "uq_close_keys_signing",
        "close_keys",
        ["region"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "close_copies",
        sa.Column("copy_id", sa.Uuid(), nullable=False),
        sa.Column("close_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(32), nullable=False),
        sa.Column("made_for", sa.String(128), nullable=False),
        sa.Column("made_at", TIMESTAMP, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["close_id"], ["month_closes.id"], name=op.f("fk_close_copies_close_id_month_closes")
        ),
        sa.PrimaryKeyConstraint("copy_id", name=op.f("pk_close_copies")),
        sa.UniqueConstraint(
            "close_id", "form", "made_for", name=op.f("uq_close_copies_close_id_form_made_for")
        ),
    )


def downgrade() -> None:
    for table in ("close_copies", "close_keys", "close_rows", "close_steps", "month_closes"):
        op.drop_table(table)
    op.execute("DROP FUNCTION reporting_written_once()")
    op.execute("DROP FUNCTION month_closes_guard()")
