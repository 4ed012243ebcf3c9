"""Electronic health cards: numbers encrypted, what the signed code says, and what was revoked."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE
from shared.db.sealed import sealed_as

card_keys = Table(
    "card_keys",
    METADATA,
    Column("kid", String(64), primary_key=True),
    Column("region", String(12), nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    # The private half, under the vault's key: the database alone signs no card.
    Column("private_enc", LargeBinary, info=sealed_as("card_keys.private"), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    # It signs no new card from then on; the cards it signed stay good.
    Column("retired_at", TIMESTAMP, nullable=True),
    # Somebody else may sign with it: nothing that it signed proves anything any more.
    Column("compromised_at", TIMESTAMP, nullable=True),
    # Somebody says so; another person makes its cards worthless, or it was a false alarm.
    Column("reported_at", TIMESTAMP, nullable=True),
    Column("reported_by", String(128), nullable=True),
    # Free words of a person: they may hold a name, so they are encrypted.
    Column(
        "report_reason_enc", LargeBinary, info=sealed_as("card_keys.report_reason"), nullable=True
    ),
    CheckConstraint(
        "(reported_at IS NULL) = (reported_by IS NULL)"
        " AND (reported_at IS NULL) = (report_reason_enc IS NULL)",
        name="reported_by_someone",
    ),
    Index(
        "uq_card_keys_signing",
        "region",
        unique=True,
        postgresql_where=text("retired_at IS NULL"),
    ),
)

cards = Table(
    "cards",
    METADATA,
    Column("card_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("person_id", UUID_TYPE, ForeignKey("persons.person_id"), nullable=False),
    Column("card_no_enc", LargeBinary, info=sealed_as("cards.card_no"), nullable=False),
    Column("card_no_idx", LargeBinary, nullable=False),
    Column("kid", String(64), ForeignKey("card_keys.kid"), nullable=False),
    # As signed into the code.
    Column("issued_at", TIMESTAMP, nullable=False),
    # The last day on which it is good.
    Column("expires_on", Date, nullable=False),
    Column("birth_year", SmallInteger, nullable=False),
    Column("sex", String(1), nullable=False),
    Column("issued_by", String(128), nullable=False),
    Column("organisation", String(128), nullable=False),
    Column("revoked_at", TIMESTAMP, nullable=True),
    Column("revoked_by", String(128), nullable=True),
    # Free words of a person: they may hold a name, so they are encrypted.
    Column("revoke_reason_enc", LargeBinary, info=sealed_as("cards.revoke_reason"), nullable=True),
    # Its place in the region's list of revoked cards, 1, 2, 3 … in the order of commits.
    Column("revocation_no", BigInteger, nullable=True),
    CheckConstraint("sex IN ('M', 'F')", name="sex_known"),
    CheckConstraint("(revoked_at IS NULL) = (revocation_no IS NULL)", name="revoked_in_the_list"),
    CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_someone"),
    UniqueConstraint("region", "card_no_idx"),
    UniqueConstraint("region", "revocation_no"),
    Index("ix_cards_person_id", "person_id"),
    Index("ix_cards_kid", "kid"),
)
