"""Simulations: what was asked, how far it is, what came out; one row each."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE

simulations = Table(
    "simulations",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    # queued | running | done | failed | cancelled; a running one that nobody runs any more, because
    # its process died, is begun again.
    Column("status", String(16), nullable=False),
    Column("request", JSONB, nullable=False),
    Column("requested_by", String(128), nullable=False),
    Column("requested_at", TIMESTAMP, nullable=False),
    Column("started_at", TIMESTAMP, nullable=True),
    Column("finished_at", TIMESTAMP, nullable=True),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("phase", String(16), nullable=True),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    Column("total", BigInteger, nullable=False, server_default=text("0")),
    Column("result", JSONB, nullable=True),
    Column("fault", JSONB, nullable=True),
    CheckConstraint(
        "status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"
    ),
    CheckConstraint("(status = 'done') = (result IS NOT NULL)", name="result"),
    CheckConstraint("(status = 'failed') = (fault IS NOT NULL)", name="fault"),
    CheckConstraint(
        "(status IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)", name="finished"
    ),
    Index("ix_simulations_region", "region", "id"),
    Index(
        "ix_simulations_waiting",
        "id",
        postgresql_where=text("status IN ('queued', 'running')"),
    ),
)
