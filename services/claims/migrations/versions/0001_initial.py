"""Encounters, charges, settlements, standings, the ledger; and what keeps them sound."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.mechanics_ddl import create_mechanics, drop_mechanics

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WRITTEN_ONCE = (
    "settlements",
    "settlement_payers",
    "settlement_lines",
    "journal_entries",
    "postings",
)
TABLES = (
    "postings",
    "journal_entries",
    "accounts",
    "settlement_lines",
    "settlement_payers",
    "settlements",
    "charge_lines",
    "charge_batches",
    "encounter_recognitions",
    "encounters",
    "members",
    "standings",
)

REFUSE_CHANGE = """
CREATE FUNCTION claims_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is written once: reverse it with a new row', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

BALANCED = """
CREATE FUNCTION claims_entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  checked uuid;
  stated integer;
  found bigint;
  rest numeric;
BEGIN
  IF TG_TABLE_NAME = 'postings' THEN checked := NEW.entry_id; ELSE checked := NEW.id; END IF;
  SELECT e.posting_count, count(p.entry_id), coalesce(sum(p.amount_fen), 0)
    INTO stated, found, rest
    FROM journal_entries e LEFT JOIN postings p ON p.entry_id = e.id
    WHERE e.id = checked GROUP BY e.id;
  IF found <> stated OR rest <> 0 THEN
    RAISE EXCEPTION 'journal entry % does not balance: % postings of %, % fen left over',
      checked, found, stated, rest USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    create_mechanics(op)
    _create_tables()
    op.execute(REFUSE_CHANGE)
    for table in WRITTEN_ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION claims_written_once()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_truncated BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION claims_written_once()"
        )
    op.execute(BALANCED)
    # Deferred: looked at when the transaction commits, whoever wrote the rows.
    for table in ("journal_entries", "postings"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_balanced AFTER INSERT ON {table}"
            " DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION claims_entry_balanced()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION claims_entry_balanced()")
    op.execute("DROP FUNCTION claims_written_once()")
    drop_mechanics(op)


def _create_tables() -> None:
    op.create_table(
        "accounts",
        sa.Column("code", sa.String(length=96), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("facility_code", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("payer", sa.String(length=40), nullable=True),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "(kind = 'payer') = (payer IS NOT NULL)", name=op.f("ck_accounts_payer")
        ),
        sa.CheckConstraint(
            "kind IN ('payer', 'patient', 'facility')", name=op.f("ck_accounts_kind")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_accounts")),
    )
    op.create_index("ix_accounts_facility_code", "accounts", ["facility_code"], unique=False)
    op.create_table(
        "encounters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("facility_code", sa.String(length=32), nullable=False),
        sa.Column("visit_no", sa.String(length=64), nullable=False),
        sa.Column("visit_type", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("discharged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "diagnoses", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("referral", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("disease_programme", sa.String(length=32), nullable=True),
        sa.Column("insurance_plan", sa.String(length=32), nullable=False),
        sa.Column("deposit_fen", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("recognition_id", sa.String(length=64), nullable=True),
        sa.Column("recognition_grade", sa.String(length=16), nullable=True),
        sa.Column("categories", postgresql.JSONB(), nullable=True),
        sa.Column("treat_first_pay_later", sa.Boolean(), nullable=False),
        sa.Column("township", sa.String(length=64), nullable=True),
        sa.Column("village", sa.String(length=64), nullable=True),
        sa.Column(
            "recognition_conflict", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "recognition_pending", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("registration", postgresql.JSONB(), nullable=True),
        sa.Column("settlement_id", sa.Uuid(), nullable=True),
        sa.Column("settlement_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_settlement_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'settled') = (settlement_id IS NOT NULL)", name=op.f("ck_encounters_settled")
        ),
        sa.CheckConstraint(
            "(status IN ('discharged', 'settled')) = (discharged_at IS NOT NULL)",
            name=op.f("ck_encounters_discharged"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'charging', 'discharged', 'settled')",
            name=op.f("ck_encounters_status"),
        ),
        sa.CheckConstraint("deposit_fen >= 0", name=op.f("ck_encounters_deposit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounters")),
        sa.UniqueConstraint(
            "region",
            "facility_code",
            "visit_no",
            name=op.f("uq_encounters_region_facility_code_visit_no"),
        ),
    )
    op.create_index("ix_encounters_person_id", "encounters", ["person_id"], unique=False)
    op.create_index("ix_encounters_visit_no", "encounters", ["visit_no"], unique=False)
    op.create_table(
        "members",
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("household_id", sa.String(length=64), nullable=True),
        sa.Column("township", sa.String(length=64), nullable=True),
        sa.Column("village", sa.String(length=64), nullable=True),
        sa.Column("categories", postgresql.JSONB(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_members")),
    )
    op.create_table(
        "standings",
        sa.Column("area", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("critical_illness_burden_fen", sa.BigInteger(), nullable=False),
        sa.Column("critical_illness_paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("basic_paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("medical_aid_paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("outpatient_base_used_fen", sa.BigInteger(), nullable=False),
        sa.Column("chronic_drug_fund_paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("special_fund_paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "LEAST(critical_illness_burden_fen, critical_illness_paid_fen, basic_paid_fen, medical_aid_paid_fen, outpatient_base_used_fen, chronic_drug_fund_paid_fen, special_fund_paid_fen) >= 0",
            name=op.f("ck_standings_not_negative"),
        ),
        sa.PrimaryKeyConstraint("area", "person_id", "year", name=op.f("pk_standings")),
    )
    op.create_table(
        "charge_batches",
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("batch_no", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("line_count > 0", name=op.f("ck_charge_batches_line_count")),
        sa.CheckConstraint("total_fen >= 0", name=op.f("ck_charge_batches_total")),
        sa.ForeignKeyConstraint(
            ["encounter_id"],
            ["encounters.id"],
            name=op.f("fk_charge_batches_encounter_id_encounters"),
        ),
        sa.PrimaryKeyConstraint("encounter_id", "batch_no", name=op.f("pk_charge_batches")),
    )
    op.create_table(
        "encounter_recognitions",
        sa.Column("recognition_id", sa.String(length=64), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("grade", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("categories", postgresql.JSONB(), nullable=False),
        sa.Column("treat_first_pay_later", sa.Boolean(), nullable=False),
        sa.Column("visit_type", sa.String(length=24), nullable=False),
        sa.Column("township", sa.String(length=64), nullable=True),
        sa.Column("village", sa.String(length=64), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "grade IN ('certain', 'probable')", name=op.f("ck_encounter_recognitions_grade")
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"],
            ["encounters.id"],
            name=op.f("fk_encounter_recognitions_encounter_id_encounters"),
        ),
        sa.PrimaryKeyConstraint("recognition_id", name=op.f("pk_encounter_recognitions")),
    )
    op.create_index(
        "ix_encounter_recognitions_encounter_id",
        "encounter_recognitions",
        ["encounter_id"],
        unique=False,
    )
    op.create_table(
        "settlements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("facility_code", sa.String(length=32), nullable=False),
        sa.Column("facility_level", sa.String(length=16), nullable=False),
        sa.Column("in_region", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("categories", postgresql.JSONB(), nullable=False),
        sa.Column("township", sa.String(length=64), nullable=True),
        sa.Column("village", sa.String(length=64), nullable=True),
        sa.Column("visit_type", sa.String(length=24), nullable=False),
        sa.Column("admitted_on", sa.Date(), nullable=False),
        sa.Column("discharged_on", sa.Date(), nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("pack_version", sa.String(length=80), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("assumptions", postgresql.JSONB(), nullable=False),
        sa.Column("explanation", postgresql.JSONB(), nullable=False),
        sa.Column("gap", postgresql.JSONB(), nullable=False),
        sa.Column("standing_year", sa.Integer(), nullable=False),
        sa.Column("standing_delta", postgresql.JSONB(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("waived_fen", sa.BigInteger(), nullable=False),
        sa.Column("out_of_catalogue_fen", sa.BigInteger(), nullable=False),
        sa.Column("over_limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("self_first_fen", sa.BigInteger(), nullable=False),
        sa.Column("in_scope_fen", sa.BigInteger(), nullable=False),
        sa.Column("deductible_fen", sa.BigInteger(), nullable=False),
        sa.Column("payers_fen", sa.BigInteger(), nullable=False),
        sa.Column("patient_pays_fen", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_settlements_reverses")
        ),
        sa.CheckConstraint(
            "(kind = 'settlement' AND LEAST(total_fen, waived_fen, out_of_catalogue_fen, over_limit_fen, self_first_fen, in_scope_fen, deductible_fen, payers_fen, patient_pays_fen) >= 0) OR (kind = 'reversal' AND GREATEST(total_fen, waived_fen, out_of_catalogue_fen, over_limit_fen, self_first_fen, in_scope_fen, deductible_fen, payers_fen, patient_pays_fen) <= 0)",
            name=op.f("ck_settlements_signs"),
        ),
        sa.CheckConstraint("kind IN ('settlement', 'reversal')", name=op.f("ck_settlements_kind")),
        sa.CheckConstraint(
            "total_fen = payers_fen + patient_pays_fen", name=op.f("ck_settlements_payers_sum")
        ),
        sa.CheckConstraint(
            "total_fen = waived_fen + out_of_catalogue_fen + over_limit_fen + self_first_fen + in_scope_fen",
            name=op.f("ck_settlements_bill_sum"),
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounters.id"], name=op.f("fk_settlements_encounter_id_encounters")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["settlements.id"], name=op.f("fk_settlements_reverses_id_settlements")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["settlements.id"],
            name=op.f("fk_settlements_supersedes_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlements")),
        sa.UniqueConstraint(
            "encounter_id", "ordinal", "kind", name=op.f("uq_settlements_encounter_id_ordinal_kind")
        ),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_settlements_reverses_id")),
    )
    op.create_index(
        "ix_settlements_person_year", "settlements", ["person_id", "standing_year"], unique=False
    )
    op.create_table(
        "charge_lines",
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.String(length=32), nullable=False),
        sa.Column("batch_no", sa.String(length=64), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("catalogue_class", sa.String(length=1), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("unit_price_fen", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("price_limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("self_first_ratio", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "catalogue_class IN ('A', 'B', 'C')", name=op.f("ck_charge_lines_catalogue_class")
        ),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_charge_lines_amount")),
        sa.CheckConstraint("price_limit_fen >= 0", name=op.f("ck_charge_lines_price_limit")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_charge_lines_quantity")),
        sa.CheckConstraint(
            "self_first_ratio BETWEEN 0 AND 1", name=op.f("ck_charge_lines_self_first_ratio")
        ),
        sa.CheckConstraint("unit_price_fen >= 0", name=op.f("ck_charge_lines_unit_price")),
        sa.ForeignKeyConstraint(
            ["encounter_id", "batch_no"],
            ["charge_batches.encounter_id", "charge_batches.batch_no"],
            name="fk_charge_lines_encounter_id_charge_batches",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("encounter_id", "line_no", name=op.f("pk_charge_lines")),
    )
    op.create_index(
        "ix_charge_lines_batch", "charge_lines", ["encounter_id", "batch_no"], unique=False
    )
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("posting_count", sa.Integer(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("posting_count >= 2", name=op.f("ck_journal_entries_posting_count")),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["journal_entries.id"],
            name=op.f("fk_journal_entries_reverses_id_journal_entries"),
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlements.id"],
            name=op.f("fk_journal_entries_settlement_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entries")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_journal_entries_reverses_id")),
        sa.UniqueConstraint("settlement_id", name=op.f("uq_journal_entries_settlement_id")),
    )
    op.create_index("ix_journal_entries_booked_on", "journal_entries", ["booked_on"], unique=False)
    op.create_table(
        "settlement_lines",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("waived_fen", sa.BigInteger(), nullable=False),
        sa.Column("out_of_catalogue_fen", sa.BigInteger(), nullable=False),
        sa.Column("over_limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("self_first_fen", sa.BigInteger(), nullable=False),
        sa.Column("in_scope_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "LEAST(amount_fen, waived_fen, out_of_catalogue_fen, over_limit_fen, self_first_fen, in_scope_fen) >= 0",
            name=op.f("ck_settlement_lines_signs"),
        ),
        sa.CheckConstraint(
            "amount_fen = waived_fen + out_of_catalogue_fen + over_limit_fen + self_first_fen + in_scope_fen",
            name=op.f("ck_settlement_lines_line_sum"),
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlements.id"],
            name=op.f("fk_settlement_lines_settlement_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("settlement_id", "line_no", name=op.f("pk_settlement_lines")),
    )
    op.create_table(
        "settlement_payers",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("payer", sa.String(length=40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlements.id"],
            name=op.f("fk_settlement_payers_settlement_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("settlement_id", "position", name=op.f("pk_settlement_payers")),
        sa.UniqueConstraint(
            "settlement_id", "payer", name=op.f("uq_settlement_payers_settlement_id_payer")
        ),
    )
    op.create_table(
        "postings",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.String(length=96), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_postings_amount")),
        sa.ForeignKeyConstraint(
            ["account_code"], ["accounts.code"], name=op.f("fk_postings_account_code_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal_entries.id"], name=op.f("fk_postings_entry_id_journal_entries")
        ),
        sa.PrimaryKeyConstraint("entry_id", "account_code", name=op.f("pk_postings")),
    )
    op.create_index("ix_postings_account", "postings", ["account_code", "entry_id"], unique=False)
