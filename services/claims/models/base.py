"""The metadata of the claims database; every table of the service hangs on it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column
from sqlalchemy.types import DateTime, Uuid

from shared.db.base import service_metadata

METADATA = service_metadata()

TIMESTAMP = DateTime(timezone=True)
UUID_TYPE = Uuid(as_uuid=True)


def fen_column(name: str, *, nullable: bool = False) -> Column[int]:
    """An amount in fen; its name must end in ``_fen``."""
    return Column(name, BigInteger, nullable=nullable)
