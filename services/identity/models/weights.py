"""Tables of weights, each kept for ever: a decision is re-scored with the table it was made by."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from services.identity.models.base import METADATA, TIMESTAMP
from shared.db.sealed import sealed_as

match_weights = Table(
    "match_weights",
    METADATA,
    Column("region", String(12), primary_key=True),
    # Hash of the content.
    Column("version", String(32), primary_key=True),
    # JSON, byte for byte what the version was made from; it holds how common which names are, so
    # it is encrypted.
    Column("content_enc", LargeBinary, info=sealed_as("match_weights.content"), nullable=False),
    # Registered people and the register's revision that it was learned from; 0: agreed, not learned.
    Column("people", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("learned_at", TIMESTAMP, nullable=False),
    Index("ix_match_weights_learned_at", "region", "learned_at"),
)
