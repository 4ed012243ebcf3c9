"""Merges: two registered persons found to be one, and the way back.

A merge copies and moves nothing. The absorbed person's row points at the kept one
(``persons.merged_into``), and whoever reads a person reads what stands with both.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, text

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE
from shared.db.sealed import sealed_as

merges = Table(
    "merges",
    METADATA,
    Column("merge_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("kept_person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=False),
    Column("absorbed_person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=False),
    # Free words of a person: they may hold a name, so they are encrypted.
    Column("reason_enc", LargeBinary, info=sealed_as("merges.reason"), nullable=False),
    Column("merged_by", String(128), nullable=False),
    Column("organisation", String(128), nullable=False),
    Column("merged_at", TIMESTAMP, nullable=False),
    Column("undone_by", String(128), nullable=True),
    Column("undone_at", TIMESTAMP, nullable=True),
    Column("undo_reason_enc", LargeBinary, info=sealed_as("merges.undo_reason"), nullable=True),
    CheckConstraint("kept_person_id <> absorbed_person_id", name="two_persons"),
    CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone_by_someone"),
    Index(
        "uq_merges_in_force",
        "absorbed_person_id",
        unique=True,
        postgresql_where=text("undone_at IS NULL"),
    ),
    Index("ix_merges_kept_person_id", "kept_person_id"),
)
