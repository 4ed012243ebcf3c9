"""Roster imports: staged encrypted and compared with the register, then applied at once."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE
from shared.db.sealed import sealed_as

registers = Table(
    "registers",
    METADATA,
    Column("region", String(12), primary_key=True),
    # Rises with every change of the register; persons carry the one that changed them last.
    Column("revision", BigInteger, nullable=False),
    # The revision of the last change that makes an earlier comparison of a roster worthless.
    Column("roster_revision", BigInteger, nullable=False),
)

roster_imports = Table(
    "roster_imports",
    METADATA,
    Column("import_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("organisation", String(128), nullable=False),
    Column("source", String(32), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("mode", String(8), nullable=False),
    Column("status", String(16), nullable=False),
    Column("base_revision", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    # Absent from the file, yet kept: a rejected row may be theirs.
    Column("kept", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("uploaded_by", String(128), nullable=False),
    Column("uploaded_at", TIMESTAMP, nullable=False),
    Column("confirmed_by", String(128), nullable=True),
    Column("confirmed_at", TIMESTAMP, nullable=True),
    Column("applied_by", String(128), nullable=True),
    Column("applied_at", TIMESTAMP, nullable=True),
    # Rows of an enrolment list that speak of nobody on the register; nothing is kept of them.
    Column("passed_over", Integer, nullable=False),
    # Households of which a full file lists some members and leaves out others.
    Column("households_incomplete", Integer, nullable=False),
    # Recognitions whose answer applying changed.
    Column("recognitions_affected", Integer, nullable=False),
    CheckConstraint("status IN ('validated', 'confirmed', 'applied')", name="status_known"),
    CheckConstraint("confirmed_by IS NOT NULL OR status <> 'confirmed'", name="confirmed_by_one"),
    CheckConstraint("accepted + rejected = rows", name="rows_add_up"),
    CheckConstraint("added + changed + unchanged = accepted", name="accepted_adds_up"),
    Index("ix_roster_imports_uploaded_at", "uploaded_at"),
)

staged_rows = Table(
    "staged_rows",
    METADATA,
    # Without a foreign key, which would lock the import's row anew for each of its rows.
    Column("import_id", UUID_TYPE, primary_key=True),
    Column("row_no", Integer, primary_key=True),
    # added | changed: to be applied.
    Column("action", String(16), nullable=False),
    Column("person_id", UUID_TYPE, nullable=False),
    Column("new_person", Boolean, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    # As the source's record will hold it.
    Column("row_enc", LargeBinary, info=sealed_as("source_records.record"), nullable=False),
    # Keyed hashes of the row's values, as the register will hold them.
    Column("id_number_idx", LargeBinary, nullable=True),
    Column("name_idx", LargeBinary, nullable=True),
    Column("name_birth_idx", LargeBinary, nullable=True),
    Column("name_birth_village_idx", LargeBinary, nullable=True),
    Column("household_idx", LargeBinary, nullable=True),
)

staged_removals = Table(
    "staged_removals",
    METADATA,
    Column("import_id", UUID_TYPE, ForeignKey("roster_imports.import_id"), primary_key=True),
    Column("person_id", UUID_TYPE, primary_key=True),
)

row_faults = Table(
    "row_faults",
    METADATA,
    Column("import_id", UUID_TYPE, ForeignKey("roster_imports.import_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    # Row, column, code and words; never a value.
    Column("fault", JSONB, nullable=False),
)

incomplete_households = Table(
    "incomplete_households",
    METADATA,
    Column("import_id", UUID_TYPE, ForeignKey("roster_imports.import_id"), primary_key=True),
    Column("household_id", UUID_TYPE, ForeignKey("households.household_id"), primary_key=True),
    # Members whom the file lists; those it leaves out stand in staged_removals.
    Column("listed", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
)

roster_mappings = Table(
    "roster_mappings",
    METADATA,
    Column("region", String(12), primary_key=True),
    Column("source", String(32), primary_key=True),
    # Header → column code; headers only, never a value.
    Column("headers", JSONB, nullable=False),
    Column("updated_by", String(128), nullable=False),
    Column("updated_at", TIMESTAMP, nullable=False),
)

roster_progress = Table(
    "roster_progress",
    METADATA,
    # Written beside the import's own transaction, so that it can be read while that runs.
    Column("import_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("organisation", String(128), nullable=False),
    Column("source", String(32), nullable=False),
    # reading | comparing | applying | reopening | done | failed
    Column("stage", String(16), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("started_at", TIMESTAMP, nullable=False),
    Column("updated_at", TIMESTAMP, nullable=False),
)
