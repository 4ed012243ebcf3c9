"""Rows of nobody are refused a statement at a time: half of an import's database time was spent
on looking up, and locking, the same person row by row."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEYS = (
    ("memberships", "person_id", "persons"),
    ("source_records", "person_id", "persons"),
    ("staged_rows", "import_id", "roster_imports"),
)
_GUARDED = ("memberships", "source_records")
_KEPT = "persons, roster_imports"
# EXECUTE: planned for each statement. A plan kept from an empty register would read all of it.
# The other half of a foreign key, that nobody leaves rows behind, is a right withdrawn: persons
# and imports are never deleted.
_GUARD = """
CREATE FUNCTION persons_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  missing uuid;
BEGIN
  EXECUTE 'SELECT a.person_id FROM added a WHERE NOT EXISTS'
    ' (SELECT FROM persons p WHERE p.person_id = a.person_id) LIMIT 1' INTO missing;
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION '% of person %, who is not on the register', TG_TABLE_NAME, missing
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    for table, column, other in _KEYS:
        op.drop_constraint(f"fk_{table}_{column}_{other}", table, type_="foreignkey")
    op.execute(_GUARD)
    for table in _GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_of_somebody AFTER INSERT ON {table}"
            " REFERENCING NEW TABLE AS added"
            " FOR EACH STATEMENT EXECUTE FUNCTION persons_there()"
        )
    op.execute(f"REVOKE DELETE, TRUNCATE ON {_KEPT} FROM CURRENT_USER")


def downgrade() -> None:
    op.execute(f"GRANT DELETE, TRUNCATE ON {_KEPT} TO CURRENT_USER")
    for table in _GUARDED:
        op.execute(f"DROP TRIGGER {table}_of_somebody ON {table}")
    op.execute("DROP FUNCTION persons_there()")
    for table, column, other in _KEYS:
        op.create_foreign_key(f"fk_{table}_{column}_{other}", table, other, [column], [column])
