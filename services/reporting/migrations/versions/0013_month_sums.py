"""Sums kept by month and place, and the marks of what must be summed anew.

A mark is written by a trigger in the transaction that changes a row. Which cells a mark means is
found out when it is read (the view ``stale_cells``): two changes of one person that do not see each
other are both seen by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SUMS = (
    "settled_visits",
    "total_fen",
    "patient_fen",
    "registered_visits",
    "registered_in_region_visits",
    "registered_total_fen",
    "registered_patient_fen",
    "registered_out_of_catalogue_fen",
    "registered_medical_aid_fen",
    "outpatient_settled",
    "outpatient_primary_settled",
    "visits",
    "inpatient_visits",
    "outpatient_visits",
    "registered_discharged",
    "registered_one_stop",
    "registered_inpatient_discharged",
    "registered_readmitted",
    "registered_local_inpatient",
    "registered_deposit_free",
    "recognitions_asked",
    "recognitions_known",
)

MARKED: dict[str, str] = {
    # Of an inpatient's visit also the person: another stay of his may be a readmission by it.
    "encounters": (
        "INSERT INTO public.stale_marks (dataset, month, facility_code, person_id)"
        " SELECT DISTINCT 'discharged', date_trunc('month', r.discharged_on)::date,"
        " r.facility_code, CASE WHEN r.visit_type = 'inpatient' THEN r.person_id END"
        " FROM {rows} r WHERE r.discharged_on IS NOT NULL"
    ),
    # Of a bill also the visit: whether it was settled in one stop.
    "settlements": (
        "INSERT INTO public.stale_marks (dataset, month, facility_code, encounter_id)"
        " SELECT DISTINCT 'settled', date_trunc('month', r.discharged_on)::date,"
        " r.facility_code, r.encounter_id FROM {rows} r WHERE r.made_sequence IS NOT NULL"
    ),
    "settlement_payers": (
        "INSERT INTO public.stale_marks (dataset, month, facility_code)"
        " SELECT DISTINCT 'settled', date_trunc('month', s.discharged_on)::date,"
        " s.facility_code FROM {rows} r JOIN public.settlements s USING (settlement_id)"
        " WHERE s.made_sequence IS NOT NULL"
    ),
    "recognitions": (
        "INSERT INTO public.stale_marks (dataset, month, facility_code)"
        " SELECT DISTINCT 'recognitions', date_trunc('month', r.occurred_on)::date,"
        " r.facility_code FROM {rows} r"
    ),
    "persons": (
        "INSERT INTO public.stale_marks (person_id) SELECT DISTINCT r.person_id FROM {rows} r"
    ),
    "person_categories": (
        "INSERT INTO public.stale_marks (person_id) SELECT DISTINCT r.person_id FROM {rows} r"
    ),
    "person_merges": (
        "INSERT INTO public.stale_marks (person_id)"
        " SELECT r.kept_person_id FROM {rows} r UNION SELECT r.absorbed_person_id FROM {rows} r"
    ),
}
_OF_STEP = {"INSERT": ("new",), "UPDATE": ("new", "old"), "DELETE": ("old",)}

_STALE_CELLS = """
CREATE VIEW stale_cells AS
WITH kept AS (
  SELECT DISTINCT coalesce(m.kept_person_id, s.person_id) AS person_id
  FROM stale_marks s
  LEFT JOIN person_merges m ON m.absorbed_person_id = s.person_id AND m.in_force
  WHERE s.person_id IS NOT NULL
), meant AS (
  SELECT person_id FROM kept
  UNION SELECT m.absorbed_person_id FROM kept
    JOIN person_merges m ON m.kept_person_id = kept.person_id AND m.in_force
)
SELECT dataset, month, facility_code FROM stale_marks
  WHERE dataset IS NOT NULL OR (person_id IS NULL AND encounter_id IS NULL)
UNION SELECT 'discharged', date_trunc('month', e.discharged_on)::date, e.facility_code
  FROM meant JOIN encounters e USING (person_id) WHERE e.discharged_on IS NOT NULL
UNION SELECT 'discharged', date_trunc('month', e.discharged_on)::date, e.facility_code
  FROM stale_marks s JOIN encounters e USING (encounter_id) WHERE e.discharged_on IS NOT NULL
UNION SELECT 'settled', date_trunc('month', s.discharged_on)::date, s.facility_code
  FROM meant JOIN settlements s USING (person_id)
  WHERE s.township IS NULL AND s.made_sequence IS NOT NULL
UNION SELECT 'recognitions', date_trunc('month', r.occurred_on)::date, r.facility_code
  FROM meant JOIN recognitions r USING (person_id) WHERE r.township IS NULL
"""


def upgrade() -> None:
    op.create_table(
        "month_sums",
        sa.Column("dataset", sa.String(16), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("village", sa.String(64), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _SUMS),
    )
    op.create_index("ix_month_sums_cell", "month_sums", ["dataset", "month", "facility_code"])
    op.create_table(
        "month_payers",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("village", sa.String(64), nullable=True),
        sa.Column("payer", sa.String(48), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_month_payers_cell", "month_payers", ["month", "facility_code"])
    op.create_table(
        "stale_marks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset", sa.String(16), nullable=True),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("facility_code", sa.String(32), nullable=True),
        sa.Column("person_id", sa.String(64), nullable=True),
        sa.Column("encounter_id", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stale_marks")),
    )
    # Rows whose home is the registry's: found when the person moves.
    op.create_index(
        "ix_settlements_home_of",
        "settlements",
        ["person_id"],
        postgresql_where=sa.text("township IS NULL"),
    )
    op.create_index(
        "ix_recognitions_home_of",
        "recognitions",
        ["person_id"],
        postgresql_where=sa.text("township IS NULL"),
    )
    op.execute(_STALE_CELLS)
    for table, marking in MARKED.items():
        _mark(table, marking)
    # Nothing is kept yet.
    op.execute("INSERT INTO stale_marks DEFAULT VALUES")


def _mark(table: str, marking: str) -> None:
    """After every statement that changes the table, unless a rebuild sums everything anyway."""
    for step, sides in _OF_STEP.items():
        name = f"{table}_mark_{step.lower()}"
        body = "; ".join(marking.format(rows=f"{side}_rows") for side in sides)
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF current_setting('reporting.sums_follow', true) = 'at_the_end' THEN"
            f" RETURN NULL; END IF; {body}; RETURN NULL; END $$"
        )
        seen = " ".join(f"{side.upper()} TABLE AS {side}_rows" for side in sides)
        op.execute(
            f"CREATE TRIGGER {name} AFTER {step} ON {table} REFERENCING {seen}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def downgrade() -> None:
    for table in MARKED:
        for step in _OF_STEP:
            name = f"{table}_mark_{step.lower()}"
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP VIEW stale_cells")
    op.drop_index("ix_recognitions_home_of", "recognitions")
    op.drop_index("ix_settlements_home_of", "settlements")
    op.drop_table("stale_marks")
    op.drop_table("month_payers")
    op.drop_table("month_sums")
