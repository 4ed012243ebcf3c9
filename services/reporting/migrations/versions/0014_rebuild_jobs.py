"""A rebuild is asked for, made by the worker, and followed meanwhile."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ADDED = (
    ("region", sa.String(16)),
    ("status", sa.String(16)),
    ("organisation", sa.String(64)),
    ("requested_at", sa.DateTime(timezone=True)),
    ("attempts", sa.SmallInteger()),
    ("phase", sa.String(16)),
    ("expected", sa.BigInteger()),
    ("deleted", sa.BigInteger()),
    ("written", sa.BigInteger()),
    ("positions", postgresql.JSONB(astext_type=sa.Text())),
    ("fault", postgresql.JSONB(astext_type=sa.Text())),
)
_ALWAYS = ("region", "status", "requested_at", "attempts", "expected")


def upgrade() -> None:
    for name, kind in _ADDED:
        op.add_column("rebuilds", sa.Column(name, kind))
    # What stands there are rebuilds that were finished.
    op.execute(
        "UPDATE rebuilds SET status = 'done', requested_at = started_at, attempts = 1,"
        " expected = events, region = coalesce((SELECT region FROM happenings LIMIT 1), '')"
    )
    for name in _ALWAYS:
        op.alter_column("rebuilds", name, nullable=False)
    for name in ("started_at", "finished_at"):
        op.alter_column("rebuilds", name, nullable=True)
    op.create_check_constraint(
        op.f("ck_rebuilds_status"),
        "rebuilds",
        "status IN ('queued', 'running', 'done', 'failed')",
    )
    op.create_check_constraint(
        op.f("ck_rebuilds_finished"),
        "rebuilds",
        "(status IN ('done', 'failed')) = (finished_at IS NOT NULL)",
    )
    op.create_index(
        "uq_rebuilds_under_way",
        "rebuilds",
        ["region"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM rebuilds WHERE status <> 'done'")
    op.drop_index("uq_rebuilds_under_way", "rebuilds")
    op.drop_constraint(op.f("ck_rebuilds_finished"), "rebuilds")
    op.drop_constraint(op.f("ck_rebuilds_status"), "rebuilds")
    for name in ("started_at", "finished_at"):
        op.alter_column("rebuilds", name, nullable=False)
    for name, _ in _ADDED:
        op.drop_column("rebuilds", name)
