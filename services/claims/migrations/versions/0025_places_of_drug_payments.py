"""A replay takes a dispensing in its turn among the person's bills, and knows the limit behind it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# What was paid before has its place from the entry that booked it; what was paid with nothing has
# no entry, and comes last of its day: a version 7 id's first 48 bits are milliseconds.
_PLACES = """
UPDATE drug_payments SET cap_fen = 100000, place = coalesce(
  (SELECT j.id FROM service_fees f
     JOIN journal_entries j ON j.source_id = f.id AND j.kind = 'drug_payment'
   WHERE f.statement_id = dispensing_id AND f.use = 'chronic_drugs'),
  (lpad(to_hex((extract(epoch FROM (dispensed_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
     * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
)
"""


def upgrade() -> None:
    op.add_column("drug_payments", sa.Column("place", sa.Uuid(), nullable=True))
    op.add_column("drug_payments", sa.Column("cap_fen", sa.BigInteger(), nullable=True))
    op.execute(_PLACES)
    op.alter_column("drug_payments", "place", nullable=False)
    op.alter_column("drug_payments", "cap_fen", nullable=False)


def downgrade() -> None:
    op.drop_column("drug_payments", "cap_fen")
    op.drop_column("drug_payments", "place")
