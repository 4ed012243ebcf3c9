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

registers = Table(
    "registers",
    METADATA,
    Column("region", String(12), primary_key=True),
    # Rises with every applied import: an import compared with an older one is refused.
    Column("revision", BigInteger, nullable=False),
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
    Column("applied_by", String(128), nullable=True),
    Column("applied_at", TIMESTAMP, nullable=True),
    CheckConstraint("status IN ('validated', 'applied')", name="status_known"),
    CheckConstraint("accepted + rejected = rows", name="rows_add_up"),
    CheckConstraint("added + changed + unchanged = accepted", name="accepted_adds_up"),
    Index("ix_roster_imports_uploaded_at", "uploaded_at"),
)

staged_rows = Table(
    "staged_rows",
    METADATA,
    Column("import_id", UUID_TYPE, ForeignKey("roster_imports.import_id"), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    # added | changed: to be applied.
    Column("action", String(16), nullable=False),
    Column("person_id", UUID_TYPE, nullable=False),
    Column("new_person", Boolean, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("row_enc", LargeBinary, nullable=False),
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
