"""A person's year is held, and what his other visits reserved of it read, in one round trip."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Each statement of a volatile function has a snapshot of its own: what was waited for is seen by
# the next one. In one plain statement a merge or another bill that was waited for would not be.
HOLD_YEAR = """
CREATE FUNCTION claims_hold_year(
  of_area varchar, of_person varchar, of_year integer, merge_key bigint, of_encounter uuid,
  at timestamptz, OUT held standings, OUT reserved bigint[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  kept varchar;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(merge_key);
  kept := coalesce(
    (SELECT m.kept_person_id FROM person_merges m
     WHERE m.absorbed_person_id = of_person AND m.in_force), of_person);
  INSERT INTO standings AS s (area, person_id, year, critical_illness_burden_fen,
    critical_illness_paid_fen, basic_paid_fen, medical_aid_paid_fen, outpatient_base_used_fen,
    chronic_drug_fund_paid_fen, special_fund_paid_fen, version)
  VALUES (of_area, kept, of_year, 0, 0, 0, 0, 0, 0, 0, 0)
  ON CONFLICT (area, person_id, year) DO UPDATE SET version = s.version
  RETURNING s.* INTO held;
  SELECT ARRAY[
      coalesce(sum(r.basic_paid_fen), 0), coalesce(sum(r.medical_aid_paid_fen), 0),
      coalesce(sum(r.outpatient_base_used_fen), 0),
      coalesce(sum(r.chronic_drug_fund_paid_fen), 0), coalesce(sum(r.special_fund_paid_fen), 0)]
    INTO reserved
    FROM reservations r
    WHERE r.area = of_area AND r.year = of_year AND r.state = 'held' AND r.expires_at > at
      AND r.encounter_id IS DISTINCT FROM of_encounter
      AND r.person_id IN (
        SELECT kept UNION ALL
        SELECT m.absorbed_person_id FROM person_merges m
        WHERE m.kept_person_id = kept AND m.in_force);
END $$
"""


def upgrade() -> None:
    op.execute(HOLD_YEAR)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION claims_hold_year(varchar, varchar, integer, bigint, uuid, timestamptz)"
    )
