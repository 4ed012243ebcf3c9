"""The latest day of the teams' work is looked up at every look."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_DAYS = (
    ("contracts", "valid_from"),
    ("follow_ups", "performed_on"),
    ("check_ups", "performed_on"),
    ("dispensings", "dispensed_on"),
)


def upgrade() -> None:
    for table, day in _DAYS:
        op.create_index(f"ix_{table}_{day}", table, [day])


def downgrade() -> None:
    for table, day in _DAYS:
        op.drop_index(f"ix_{table}_{day}", table)
