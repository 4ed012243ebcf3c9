"""A decision made in memory is checked by the statement that keeps it."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Volatile, and in PL/pgSQL: each statement in it sees what was committed until it began. A change
# that had the lock alone while we waited is seen, which a plain condition would not do.
# The lock is services.identity.revisions.repository.RECOGNISING_LOCK.
_STANDS = """
CREATE FUNCTION recognition_stands(in_region text, known_revision bigint, question bytea)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(25131925035372049);
  RETURN NOT EXISTS (
      SELECT FROM registers r WHERE r.region = in_region AND r.revision > known_revision
    ) AND NOT EXISTS (
      SELECT FROM judged_pairs j WHERE j.region = in_region AND j.fingerprint = question
    );
END $$
"""


def upgrade() -> None:
    op.execute(_STANDS)


def downgrade() -> None:
    op.execute("DROP FUNCTION recognition_stands(text, bigint, bytea)")
