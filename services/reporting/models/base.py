"""The declarative base of reporting's tables."""

from __future__ import annotations

from shared.db.base import ServiceBase, service_metadata


class Base(ServiceBase):
    """Parent of every table of the service."""

    __abstract__ = True
    metadata = service_metadata()
