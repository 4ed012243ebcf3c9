"""The metadata of the identity database; every table of the service hangs on it."""

from __future__ import annotations

from sqlalchemy.types import DateTime, Uuid

from shared.db.base import service_metadata

METADATA = service_metadata()

TIMESTAMP = DateTime(timezone=True)
UUID_TYPE = Uuid(as_uuid=True)
