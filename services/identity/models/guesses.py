"""How often each client has found nobody: the limit against guessing, and who was stopped by it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Float, Index, String, Table, UniqueConstraint

from services.identity.models.base import METADATA, TIMESTAMP, UUID_TYPE

guess_budgets = Table(
    "guess_budgets",
    METADATA,
    # Empty: whoever asks for that institution.
    Column("client_id", String(128), primary_key=True),
    # An institution or another place; empty: everything that the client asks, wherever.
    Column("facility_code", String(32), primary_key=True),
    # So much was spent at that moment; it fills up again with time.
    Column("spent", Float, nullable=False),
    Column("at", TIMESTAMP, nullable=False),
)

guess_alarms = Table(
    "guess_alarms",
    METADATA,
    Column("alarm_id", UUID_TYPE, primary_key=True),
    Column("region", String(12), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("place", String(32), nullable=False),
    # One alarm for a client, a place and a business day.
    Column("on_day", Date, nullable=False),
    Column("first_at", TIMESTAMP, nullable=False),
    Column("last_at", TIMESTAMP, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("seen_by", String(128), nullable=True),
    Column("seen_at", TIMESTAMP, nullable=True),
    UniqueConstraint("region", "client_id", "place", "on_day"),
    Index("ix_guess_alarms_day", "region", "on_day", "alarm_id"),
)
