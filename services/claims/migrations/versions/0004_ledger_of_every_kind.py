"""The ledger takes entries of every kind, answers for each settlement, and is sealed into a chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WRITTEN_ONCE = ("settlements", "settlement_payers", "settlement_lines", "postings", "accounts")
# Rows that others refer to are locked by the foreign keys' checks, which needs the right to change
# some column; the triggers refuse the change itself.
LOCKED_BY_REFERENCES = {"settlements": "id", "accounts": "code"}
SEAL = ("number", "prev_hash", "hash")

SEALED_ONCE = """
CREATE FUNCTION claims_entry_sealed_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  seal CONSTANT text[] := '{number,prev_hash,hash}';
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.number IS NULL AND NEW.number IS NOT NULL
     AND to_jsonb(NEW) - seal = to_jsonb(OLD) - seal
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'journal_entries is written once: reverse it with a new row'
    USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

POSTED = """
CREATE FUNCTION claims_settlement_posted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  checked uuid;
  made record;
  differing text;
BEGIN
  IF TG_TABLE_NAME = 'settlements' THEN checked := NEW.id; ELSE checked := NEW.settlement_id; END IF;
  SELECT s.kind, s.facility_code, s.total_fen, s.patient_pays_fen, s.reverses_id,
         e.id AS entry_id, e.kind AS entry_kind, e.reverses_id AS entry_reverses
    INTO made
    FROM settlements s LEFT JOIN journal_entries e ON e.settlement_id = s.id
    WHERE s.id = checked;
  IF made.entry_kind IS DISTINCT FROM made.kind THEN
    RAISE EXCEPTION 'settlement % has no ledger entry', checked USING ERRCODE = 'check_violation';
  END IF;
  SELECT string_agg(account || ' by ' || rest || ' fen', ', ' ORDER BY account) INTO differing
  FROM (
    SELECT account, sum(amount) AS rest FROM (
      SELECT CASE payer WHEN 'hospital' THEN 'hospital' ELSE 'payer:' || payer END
               || ':' || made.facility_code AS account, amount_fen AS amount
        FROM settlement_payers WHERE settlement_id = checked
      UNION ALL SELECT 'patient:' || made.facility_code, made.patient_pays_fen
      UNION ALL SELECT 'facility:' || made.facility_code, -made.total_fen
      UNION ALL SELECT account_code, -amount_fen FROM postings WHERE entry_id = made.entry_id
    ) AS both_sides
    GROUP BY account HAVING sum(amount) <> 0
  ) AS found;
  IF differing IS NOT NULL THEN
    RAISE EXCEPTION 'settlement % differs from its ledger entry: %', checked, differing
      USING ERRCODE = 'check_violation';
  END IF;
  IF made.kind = 'reversal' AND (
    NOT EXISTS (SELECT FROM journal_entries
                WHERE id = made.entry_reverses AND settlement_id = made.reverses_id)
    OR EXISTS (SELECT FROM postings WHERE entry_id IN (made.entry_id, made.entry_reverses)
               GROUP BY account_code HAVING sum(amount_fen) <> 0)
  ) THEN
    RAISE EXCEPTION 'reversal % is not the exact opposite of what it reverses', checked
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("DROP TRIGGER journal_entries_written_once ON journal_entries")
    _accounts()
    _entries()
    op.execute(SEALED_ONCE)
    op.execute(
        "CREATE TRIGGER journal_entries_sealed_once BEFORE UPDATE OR DELETE ON journal_entries"
        " FOR EACH ROW EXECUTE FUNCTION claims_entry_sealed_once()"
    )
    _written_once("accounts")
    op.execute(POSTED)
    for table in ("settlements", "settlement_payers"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_posted AFTER INSERT ON {table}"
            " DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION claims_settlement_posted()"
        )
    for table in (*WRITTEN_ONCE, "journal_entries"):
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER")
    for table, column in LOCKED_BY_REFERENCES.items():
        op.execute(f"GRANT UPDATE ({column}) ON {table} TO CURRENT_USER")
    op.execute(f"GRANT UPDATE ({', '.join(SEAL)}) ON journal_entries TO CURRENT_USER")


def _written_once(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_never_truncated BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION claims_written_once()"
    )


def _accounts() -> None:
    op.drop_constraint(op.f("ck_accounts_payer"), "accounts")
    op.drop_constraint(op.f("ck_accounts_kind"), "accounts")
    op.alter_column("accounts", "payer", new_column_name="fund")
    op.alter_column("accounts", "facility_code", existing_type=sa.String(length=32), nullable=True)
    # What a hospital bears itself is no fund's: it has accounts of its own kind.
    op.execute(
        "INSERT INTO accounts (code, region, facility_code, kind, fund, name_en, name_zh)"
        " SELECT 'hospital:' || facility_code, region, facility_code, 'hospital', NULL,"
        " 'Borne by ' || facility_code || ' itself', '医疗机构承担(' || facility_code || ')'"
        " FROM accounts WHERE kind = 'payer' AND fund = 'hospital'"
    )
    op.execute("ALTER TABLE postings DISABLE TRIGGER postings_written_once")
    op.execute(
        "UPDATE postings SET account_code = substr(account_code, length('payer:') + 1)"
        " WHERE account_code LIKE 'payer:hospital:%'"
    )
    op.execute("ALTER TABLE postings ENABLE TRIGGER postings_written_once")
    op.execute("DELETE FROM accounts WHERE kind = 'payer' AND fund = 'hospital'")
    for name, rule in (
        ("kind", "kind IN ('payer', 'hospital', 'patient', 'facility')"),
        ("code", "code = kind || coalesce(':' || fund, '') || coalesce(':' || facility_code, '')"),
        ("fund", "(kind = 'payer') = (fund IS NOT NULL)"),
        ("facility", "facility_code IS NOT NULL"),
    ):
        op.create_check_constraint(op.f(f"ck_accounts_{name}"), "accounts", rule)


def _entries() -> None:
    op.add_column("journal_entries", sa.Column("kind", sa.String(24), nullable=True))
    op.add_column("journal_entries", sa.Column("source_id", sa.Uuid(), nullable=True))
    op.add_column("journal_entries", sa.Column("number", sa.BigInteger(), nullable=True))
    op.add_column("journal_entries", sa.Column("prev_hash", sa.LargeBinary(), nullable=True))
    op.add_column("journal_entries", sa.Column("hash", sa.LargeBinary(), nullable=True))
    op.execute(
        "UPDATE journal_entries SET kind = settlements.kind FROM settlements"
        " WHERE settlements.id = settlement_id"
    )
    op.alter_column("journal_entries", "kind", existing_type=sa.String(24), nullable=False)
    op.alter_column("journal_entries", "settlement_id", existing_type=sa.Uuid(), nullable=True)
    for name, rule in (
        ("kind", "kind IN ('settlement', 'reversal')"),
        ("settlement", "(kind IN ('settlement', 'reversal')) = (settlement_id IS NOT NULL)"),
        ("source", "(settlement_id IS NULL) = (source_id IS NOT NULL)"),
        ("reverses", "(kind = 'reversal') = (reverses_id IS NOT NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_journal_entries_{name}"), "journal_entries", rule)
    op.create_index(
        "ix_journal_entries_unsealed",
        "journal_entries",
        ["id"],
        postgresql_where=sa.text("number IS NULL"),
    )
    op.create_index(
        "uq_journal_entries_number",
        "journal_entries",
        ["number"],
        unique=True,
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.create_index(
        "uq_journal_entries_source",
        "journal_entries",
        ["kind", "source_id"],
        unique=True,
        postgresql_where=sa.text("source_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Refused by the constraints while entries of other kinds are booked. The seals are lost."""
    for table in (*WRITTEN_ONCE, "journal_entries"):
        op.execute(f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO CURRENT_USER")
    for table in ("settlements", "settlement_payers"):
        op.execute(f"DROP TRIGGER {table}_posted ON {table}")
    op.execute("DROP FUNCTION claims_settlement_posted()")
    op.execute("DROP TRIGGER journal_entries_sealed_once ON journal_entries")
    op.execute("DROP FUNCTION claims_entry_sealed_once()")
    for trigger in ("written_once", "never_truncated"):
        op.execute(f"DROP TRIGGER accounts_{trigger} ON accounts")
    for index in ("uq_journal_entries_source", "uq_journal_entries_number"):
        op.drop_index(index, "journal_entries")
    op.drop_index("ix_journal_entries_unsealed", "journal_entries")
    for name in ("kind", "settlement", "source", "reverses"):
        op.drop_constraint(op.f(f"ck_journal_entries_{name}"), "journal_entries")
    op.alter_column("journal_entries", "settlement_id", existing_type=sa.Uuid(), nullable=False)
    for column in ("kind", "source_id", *SEAL):
        op.drop_column("journal_entries", column)
    op.execute(
        "CREATE TRIGGER journal_entries_written_once BEFORE UPDATE OR DELETE ON journal_entries"
        " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
    )
    for name in ("kind", "code", "fund", "facility"):
        op.drop_constraint(op.f(f"ck_accounts_{name}"), "accounts")
    op.alter_column("accounts", "fund", new_column_name="payer")
    op.alter_column("accounts", "facility_code", existing_type=sa.String(length=32), nullable=False)
    op.create_check_constraint(
        op.f("ck_accounts_kind"), "accounts", "kind IN ('payer', 'patient', 'facility')"
    )
    op.create_check_constraint(
        op.f("ck_accounts_payer"), "accounts", "(kind = 'payer') = (payer IS NOT NULL)"
    )
