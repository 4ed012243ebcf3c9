"""Registered persons of the newest day, kept as each is counted, and marks of whom to see anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FLAGS = (
    "contracted",
    "willing",
    "performed",
    "chronic",
    "chronic_contracted",
    "serious",
    "serious_treated",
    "checked_up",
    "carded",
)
_TOLD_OF = (
    "persons",
    "person_categories",
    "contracts",
    "exemptions",
    "disease_cases",
    "check_ups",
    "follow_ups",
    "dispensings",
    "cards",
)
MARKED = {
    **dict.fromkeys(_TOLD_OF, "SELECT DISTINCT r.person_id FROM {rows} r"),
    "person_merges": (
        "SELECT r.kept_person_id FROM {rows} r UNION SELECT r.absorbed_person_id FROM {rows} r"
    ),
}
_INDEXED = ("follow_ups", "check_ups", "dispensings", "exemptions", "disease_cases")
_OF_STEP = {"INSERT": ("new",), "UPDATE": ("new", "old"), "DELETE": ("old",)}

_MEANT = """
WITH kept AS (
  SELECT DISTINCT coalesce(m.kept_person_id, s.person_id) AS person_id
  FROM person_marks s
  LEFT JOIN person_merges m ON m.absorbed_person_id = s.person_id AND m.in_force
)
SELECT person_id FROM kept
UNION SELECT m.absorbed_person_id FROM kept
  JOIN person_merges m ON m.kept_person_id = kept.person_id AND m.in_force
"""


def upgrade() -> None:
    op.create_table(
        "people_kept",
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("household_id", sa.String(64), nullable=True),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("village", sa.String(64), nullable=True),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in _FLAGS),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people_kept")),
    )
    op.create_table(
        "people_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("card_day", sa.Date(), nullable=False),
    )
    op.create_table(
        "person_marks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_marks")),
    )
    for name in _INDEXED:
        op.create_index(f"ix_{name}_person_id", name, ["person_id"])
    op.execute(f"CREATE VIEW stale_people AS {_MEANT}")
    for table, marked in MARKED.items():
        _mark(table, marked)


def _mark(table: str, marked: str) -> None:
    """After every statement that changes the table, unless a rebuild counts everybody anyway."""
    for step, sides in _OF_STEP.items():
        name = f"{table}_person_{step.lower()}"
        body = "; ".join(
            "INSERT INTO public.person_marks (person_id) " + marked.format(rows=f"{side}_rows")
            for side in sides
        )
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
            name = f"{table}_person_{step.lower()}"
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP VIEW stale_people")
    for name in ("person_marks", "people_days", "people_kept"):
        op.drop_table(name)
    for name in _INDEXED:
        op.drop_index(f"ix_{name}_person_id", name)
