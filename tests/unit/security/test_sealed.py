"""Every encrypted column is known, or a new key would leave it behind."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary

from shared.db.sealed import name_of, sealed_columns
from shared.runtime.settings import SERVICES

ROOT = Path(__file__).parents[3]
NOT_ENCRYPTED = {
    "audit_log.hash", "audit_log.prev_hash", "charge_batches.content_hash", "close_copies.content",
    "dead_letters.payload", "idempotency_keys.request_hash",
    "journal_entries.hash", "journal_entries.prev_hash", "month_closes.file", "standard_maps.content",
}  # fmt: skip
"""Hashes, documents without a person, events."""


@pytest.mark.parametrize("service", SERVICES)
def test_a_column_of_bytes_is_sealed_or_known_not_to_be(service: str) -> None:
    """Goal: no column is forgotten. Method: every column of bytes of every table."""
    metadata = import_module(f"services.{service}.module").MODULE.metadata
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary) and name_of(column) is None:
                known = column.name.endswith(("_idx", "fingerprint"))
                assert known or str(column) in NOT_ENCRYPTED, str(column)


def test_the_names_are_those_that_the_code_encrypts_for() -> None:
    """Goal: an encrypted value opens under its column's name. Method: the names stand in the code."""
    code = "".join(
        path.read_text("utf-8")
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if "models" not in path.parts and path.name != "mechanics.py"
    )
    for service in SERVICES:
        metadata = import_module(f"services.{service}.module").MODULE.metadata
        for table, columns in sealed_columns(metadata).items():
            for name in columns.values():
                # A ring of signing keys puts its name together from its table's.
                assert f'"{name}"' in code or name == f"{table.name}.private", name
