"""A person's household is asked for a statement at a time as well: looked up and locked row by
row it took nearly half of the time of entering persons (ADR 0018)."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEY = "fk_persons_household_id_households"
# EXECUTE: planned for each statement, as in 0010.
_GUARD = """
CREATE FUNCTION households_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  missing uuid;
BEGIN
  EXECUTE 'SELECT a.household_id FROM added a WHERE a.household_id IS NOT NULL AND NOT EXISTS'
    ' (SELECT FROM households h WHERE h.household_id = a.household_id) LIMIT 1' INTO missing;
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION '% of household %, which is not on the register', TG_TABLE_NAME, missing
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$
"""
_TRIGGERS = (("persons_of_a_household", "INSERT"), ("persons_to_a_household", "UPDATE"))


def upgrade() -> None:
    op.drop_constraint(_KEY, "persons", type_="foreignkey")
    op.execute(_GUARD)
    for name, event in _TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON persons REFERENCING NEW TABLE AS added"
            " FOR EACH STATEMENT EXECUTE FUNCTION households_there()"
        )
    op.execute("REVOKE DELETE, TRUNCATE ON households FROM CURRENT_USER")


def downgrade() -> None:
    op.execute("GRANT DELETE, TRUNCATE ON households TO CURRENT_USER")
    for name, _ in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON persons")
    op.execute("DROP FUNCTION households_there()")
    op.create_foreign_key(_KEY, "persons", "households", ["household_id"], ["household_id"])
