"""The registry as identity told it, and whom hospitals asked about."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Roster(Base):
    """A roster import that was applied."""

    __tablename__ = "rosters"

    import_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    roster_source: Mapped[str] = mapped_column(String(32))
    effective_on: Mapped[date]
    added: Mapped[int] = mapped_column(Integer)
    changed: Mapped[int] = mapped_column(Integer)
    removed: Mapped[int] = mapped_column(Integer)


class Person(Base):
    """A person by pseudonym and place; the newest sequence wins."""

    __tablename__ = "persons"
    __table_args__ = (Index("ix_persons_place", "township", "village"),)

    person_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    household_id: Mapped[str | None] = mapped_column(String(64))
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(BigInteger)


class PersonCategory(Base):
    """Days on which a person category holds; replaced whole by a newer person event."""

    __tablename__ = "person_categories"

    person_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    ordinal: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(48))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Card(Base):
    """An electronic health card: issued, revoked."""

    __tablename__ = "cards"
    __table_args__ = (Index("ix_cards_person_id", "person_id"),)

    card_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    issued_on: Mapped[date | None]
    """Told by card.issued."""
    expires_on: Mapped[date | None]
    """The last day on which it is good, if it was told."""
    revoked_on: Mapped[date | None]
    """Told by card.revoked: the first day on which it is no longer good."""


class Recognition(Base):
    """One question of a hospital, and identity's answer."""

    __tablename__ = "recognitions"
    __table_args__ = (
        Index("ix_recognitions_occurred_on", "occurred_on"),
        # Whose home is the registry's.
        Index("ix_recognitions_home_of", "person_id", postgresql_where=text("township IS NULL")),
    )

    recognition_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    grade: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str | None] = mapped_column(String(64))
    facility_code: Mapped[str] = mapped_column(String(32))
    visit_no: Mapped[str] = mapped_column(String(64))
    visit_type: Mapped[str] = mapped_column(String(24))
    occurred_on: Mapped[date]
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
