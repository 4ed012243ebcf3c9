"""People as identity tells of them, and the counter that numbers what we tell of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base


class Person(Base):
    """A projection of identity's person events; the newest sequence wins."""

    __tablename__ = "people"
    __table_args__ = (Index("ix_people_place", "township", "village"),)

    person_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    household_id: Mapped[str | None] = mapped_column(String(64))
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    """As identity knows it; decides who is elderly."""
    poverty_cause: Mapped[str | None] = mapped_column(String(16))
    """What made the household poor, as the roster sorts it; None: nobody has told."""
    categories: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """``[{code, valid_from, valid_to}]``, the full history as now known."""
    registered: Mapped[bool]
    """False after identity said that the person left the registry."""
    reason: Mapped[str | None] = mapped_column(String(32))
    """Why, as identity told it last."""
    effective_on: Mapped[date]
    sequence: Mapped[int] = mapped_column(BigInteger)


class PersonHome(Base):
    """Where a person lived from a day on, as each event told it: the homes of past months."""

    __tablename__ = "person_homes"

    person_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    effective_on: Mapped[date]
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))


class PersonVersion(Base):
    """Numbers the events about one person, and is the lock under which his state changes."""

    __tablename__ = "person_versions"

    person_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
