"""How often each client has found nobody: the limit against guessing, shared by all processes."""

from __future__ import annotations

from sqlalchemy import Column, Float, String, Table

from services.identity.models.base import METADATA, TIMESTAMP

guess_budgets = Table(
    "guess_budgets",
    METADATA,
    Column("client_id", String(128), primary_key=True),
    # Empty: everything that the client asks, wherever.
    Column("facility_code", String(32), primary_key=True),
    # So much was spent at that moment; it fills up again with time.
    Column("spent", Float, nullable=False),
    Column("at", TIMESTAMP, nullable=False),
)
