"""What every service's tables share: names of constraints, column types, the mechanics' tables."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Table, Uuid
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class ServiceBase(DeclarativeBase):
    """Parent of each service's declarative base; a service makes ``class Base(ServiceBase)``.

    Every service's ``Base`` sets ``metadata = service_metadata()`` so that histories stay apart.
    """

    __abstract__ = True
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: DateTime(timezone=True),
        UUID: Uuid(as_uuid=True),
    }


def table_of(mapped: type[DeclarativeBase]) -> Table:
    """The table of a mapped class, for statements that are made once."""
    return cast("Table", mapped.__table__)


def service_metadata() -> MetaData:
    """Fresh metadata with the house's naming of constraints and the mechanics' tables attached."""
    from shared.db.mechanics import attach_mechanics

    metadata = MetaData(naming_convention=NAMING)
    attach_mechanics(metadata)
    return metadata
