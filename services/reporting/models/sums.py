"""Sums of the rows that count, kept by month and place, and what of them must be taken anew.

Triggers on the projections' tables write the marks (see migration 0013), in the transaction of the
change: whoever sees a changed row sees its mark.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Identity, Index, String, Table

from services.reporting.models.base import Base

SUMMED = (
    "settled_visits",
    "total_fen",
    "patient_fen",
    "registered_visits",
    "registered_in_region_visits",
    "registered_total_fen",
    "registered_patient_fen",
    "registered_out_of_catalogue_fen",
    "registered_medical_aid_fen",
    "outpatient_settled",
    "outpatient_primary_settled",
    "visits",
    "inpatient_visits",
    "outpatient_visits",
    "registered_discharged",
    "registered_one_stop",
    "registered_inpatient_discharged",
    "registered_readmitted",
    "registered_local_inpatient",
    "registered_deposit_free",
    "recognitions_asked",
    "recognitions_known",
)
"""Every sum of bills, visits and questions; each kind of row has some of them."""

month_sums = Table(
    "month_sums",
    Base.metadata,
    # settled, discharged or recognitions.
    Column("dataset", String(16), nullable=False),
    # Its first day.
    Column("month", Date, nullable=False),
    Column("facility_code", String(32), nullable=False),
    # Null: the home is not known.
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    *(Column(name, BigInteger, nullable=True) for name in SUMMED),
    Index("ix_month_sums_cell", "dataset", "month", "facility_code"),
)

month_payers = Table(
    "month_payers",
    Base.metadata,
    Column("month", Date, nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    Column("payer", String(48), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Index("ix_month_payers_cell", "month", "facility_code"),
)

stale_marks = Table(
    "stale_marks",
    Base.metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # A cell whose rows changed: kind of row, month, facility.
    Column("dataset", String(16), nullable=True),
    Column("month", Date, nullable=True),
    Column("facility_code", String(32), nullable=True),
    # The visits of a person count otherwise, or those under one id.
    Column("person_id", String(64), nullable=True),
    Column("encounter_id", String(64), nullable=True),
    # Nothing of it all: every cell is to be taken anew.
)

STOCK_FLAGS = (
    "contracted",
    "willing",
    "performed",
    "chronic",
    "chronic_contracted",
    "serious",
    "serious_treated",
    "checked_up",
    "carded",
)

people_kept = Table(
    "people_kept",
    Base.metadata,
    Column("person_id", String(64), primary_key=True),
    Column("household_id", String(64), nullable=True),
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    *(Column(name, Boolean, nullable=False) for name in STOCK_FLAGS),
)
"""The registered persons of the newest day, as each is counted."""

people_days = Table(
    "people_days",
    Base.metadata,
    Column("day", Date, nullable=False),
    Column("card_day", Date, nullable=False),
)
"""Of which day ``people_kept`` is, one row; none: of no day yet."""

person_marks = Table(
    "person_marks",
    Base.metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("person_id", String(64), nullable=False),
)
"""Whether and how a person is counted is to be seen anew; written by triggers, too."""
