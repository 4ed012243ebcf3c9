"""Referrals up, as contracts told them last; see :mod:`services.claims.referrals.repository`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, String, Table

from services.claims.models.base import METADATA

referrals = Table(
    "referrals",
    METADATA,
    Column("referral_id", String(64), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("from_facility", String(32), nullable=False),
    Column("to_facility", String(32), nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    # Neither refused nor withdrawn.
    Column("counts", Boolean, nullable=False),
    # Of the newest event told of it.
    Column("sequence", BigInteger, nullable=False),
    Index("ix_referrals_person_id", "person_id", "to_facility"),
)
