"""The register: persons, their households, what each source says of them, and since when.

Names, numbers, telephones and household numbers are stored encrypted; the ``…_idx`` columns are
keyed hashes for lookup. Birth date, sex and village stand in clear: rules and lists need them, and
without the name they point at nobody.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE
from shared.db.sealed import sealed_as

households = Table(
    "households",
    METADATA,
    Column("household_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("source", String(32), nullable=False),
    Column("household_idx", LargeBinary, nullable=False),
    Column(
        "household_no_enc", LargeBinary, info=sealed_as("households.household_no"), nullable=False
    ),
    Column("recorded_at", TIMESTAMP, nullable=False),
    UniqueConstraint("region", "source", "household_idx"),
)

persons = Table(
    "persons",
    METADATA,
    Column("person_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    # The source whose values the row shows; what others say differently is in source_records.
    Column("source", String(32), nullable=False),
    # Rises with every event of the person.
    Column("version", BigInteger, nullable=False),
    # The register's revision after the last change of what recognition compares.
    Column("revision", BigInteger, nullable=False),
    # The person whom a merge found him to be; his row stays as it is.
    Column("merged_into", UUID_TYPE, ForeignKey("persons.person_id"), nullable=True),
    Column("name_enc", LargeBinary, info=sealed_as("persons.name"), nullable=False),
    Column("id_number_enc", LargeBinary, info=sealed_as("persons.id_number"), nullable=True),
    Column("phone_enc", LargeBinary, info=sealed_as("persons.phone"), nullable=True),
    Column("birth_date", Date, nullable=True),
    Column("sex", String(1), nullable=True),
    # One of the households: a trigger asks once a statement (migration 0012).
    Column("household_id", UUID_TYPE, nullable=True),
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    Column("id_number_idx", LargeBinary, nullable=True),
    Column("name_idx", LargeBinary, nullable=False),
    Column("name_birth_idx", LargeBinary, nullable=True),
    Column("name_birth_village_idx", LargeBinary, nullable=True),
    Column("phone_idx", LargeBinary, nullable=True),
    Column("created_at", TIMESTAMP, nullable=False),
    Column("updated_at", TIMESTAMP, nullable=False),
    CheckConstraint("sex IN ('M', 'F')", name="sex_known"),
    CheckConstraint("merged_into <> person_id", name="not_into_himself"),
    Index("ix_persons_id_number_idx", "id_number_idx"),
    Index("ix_persons_name_idx", "name_idx"),
    Index("ix_persons_name_birth_idx", "name_birth_idx"),
    Index("ix_persons_household_id", "household_id"),
    Index("ix_persons_revision", "region", "revision"),
    Index(
        "ix_persons_merged_into",
        "merged_into",
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
)

source_records = Table(
    "source_records",
    METADATA,
    Column("record_id", UUID_TYPE, primary_key=True),
    # Of somebody on the register: a trigger asks once a statement (migration 0010).
    Column("person_id", UUID_TYPE, nullable=False),
    Column("source", String(32), nullable=False),
    Column("import_id", UUID_TYPE, nullable=False),
    # Keyed hash of the row's values: equal means unchanged, without decrypting anything.
    Column("fingerprint", LargeBinary, nullable=False),
    Column("record_enc", LargeBinary, info=sealed_as("source_records.record"), nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False),
    # Set when the source says something else or leaves the person out; rows are never changed else.
    Column("superseded_at", TIMESTAMP, nullable=True),
    Index(
        "uq_source_records_current",
        "person_id",
        "source",
        unique=True,
        postgresql_where=text("superseded_at IS NULL"),
    ),
)

memberships = Table(
    "memberships",
    METADATA,
    Column("membership_id", UUID_TYPE, primary_key=True),
    # Of somebody on the register: a trigger asks once a statement (migration 0010).
    Column("person_id", UUID_TYPE, nullable=False),
    Column("region", String(12), nullable=False),
    Column("source", String(32), nullable=False),
    Column("category", String(32), nullable=False),
    # The days on which it holds, both included.
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=True),
    # The time during which we held it to be so.
    Column("recorded_at", TIMESTAMP, nullable=False),
    Column("superseded_at", TIMESTAMP, nullable=True),
    Column("import_id", UUID_TYPE, nullable=False),
    # Why it ended: lifted, died, moved, not_listed (absent from a full roster), other.
    Column("reason", String(16), nullable=True),
    CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
    Index("ix_memberships_person_id", "person_id"),
    Index(
        "ix_memberships_current_source",
        "region",
        "source",
        postgresql_where=text("superseded_at IS NULL"),
    ),
)

value_differences = Table(
    "value_differences",
    METADATA,
    Column("difference_id", UUID_TYPE, primary_key=True),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=False),
    # name, id_number, birth_date, sex, phone, township or village.
    Column("field", String(16), nullable=False),
    # Two sources that say different things; the one that leads by rank stands first.
    Column("source", String(32), nullable=False),
    Column("value_enc", LargeBinary, info=sealed_as("value_differences.value"), nullable=False),
    Column("other_source", String(32), nullable=False),
    Column(
        "other_value_enc", LargeBinary, info=sealed_as("value_differences.value"), nullable=False
    ),
    # The import by which the difference came to be known.
    Column("import_id", UUID_TYPE, nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False),
    # Set when they agree, say something else, or one of them no longer lists the person.
    Column("superseded_at", TIMESTAMP, nullable=True),
    CheckConstraint("source <> other_source", name="two_sources"),
    Index("ix_value_differences_person_id", "person_id"),
)

reveals = Table(
    "reveals",
    METADATA,
    Column("reveal_id", UUID_TYPE, primary_key=True),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=False),
    Column("region", String(12), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("organisation", String(128), nullable=False),
    # Free words of a person: they may hold a name, so they are encrypted.
    Column("reason_enc", LargeBinary, info=sealed_as("reveals.reason"), nullable=False),
    Column("revealed_at", TIMESTAMP, nullable=False),
    Index("ix_reveals_person_id", "person_id"),
)
