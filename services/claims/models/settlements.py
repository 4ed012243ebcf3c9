"""Settlements: who pays what of a visit's bill. Rows are written once and never changed.

A reversal is a row of its own with every amount negative; re-settling takes the next ordinal. The
unique keys make a second settlement or a second reversal of the same ordinal impossible whatever
the code does.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

BILL_SUM = (
    "total_fen = waived_fen + out_of_catalogue_fen + over_limit_fen + self_first_fen + in_scope_fen"
)
_PARTS = (
    "total_fen",
    "waived_fen",
    "out_of_catalogue_fen",
    "over_limit_fen",
    "self_first_fen",
    "in_scope_fen",
    "deductible_fen",
    "payers_fen",
    "patient_pays_fen",
)
SIGNS = (
    f"(kind = 'settlement' AND LEAST({', '.join(_PARTS)}) >= 0)"
    f" OR (kind = 'reversal' AND GREATEST({', '.join(_PARTS)}) <= 0)"
)

settlements = Table(
    "settlements",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("encounter_id", UUID_TYPE, ForeignKey("encounters.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    # 1 for the first settlement of the encounter, 2 after the first reversal, and so on.
    Column("ordinal", Integer, nullable=False),
    Column("reverses_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=True),
    Column("supersedes_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=True),
    Column("reason", String(500), nullable=True),
    Column("facility_code", String(32), nullable=False),
    Column("facility_level", String(16), nullable=False),
    Column("in_region", Boolean, nullable=False),
    Column("person_id", String(64), nullable=True),
    Column("category", String(40), nullable=True),
    Column("categories", JSONB, nullable=False),
    Column("township", String(64), nullable=True),
    Column("village", String(64), nullable=True),
    Column("visit_type", String(24), nullable=False),
    Column("admitted_on", Date, nullable=False),
    Column("discharged_on", Date, nullable=False),
    Column("pack", String(64), nullable=False),
    Column("pack_version", String(80), nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("assumptions", JSONB, nullable=False),
    Column("explanation", JSONB, nullable=False),
    Column("gap", JSONB, nullable=False),
    # The settlement whose place in the person's year this one took by a revision; null: its own.
    Column("year_place", UUID_TYPE, nullable=True),
    # What this settlement added to the person's standing; a reversal takes exactly this back.
    Column("standing_year", Integer, nullable=False),
    Column("standing_delta", JSONB, nullable=False),
    *(fen_column(name) for name in _PARTS),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False, server_default=func.now()),
    UniqueConstraint("encounter_id", "ordinal", "kind"),
    UniqueConstraint("reverses_id"),
    CheckConstraint("kind IN ('settlement', 'reversal')", name="kind"),
    CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
    CheckConstraint(BILL_SUM, name="bill_sum"),
    CheckConstraint("total_fen = payers_fen + patient_pays_fen", name="payers_sum"),
    CheckConstraint(SIGNS, name="signs"),
    Index(
        "ix_settlements_reversals",
        "region",
        "person_id",
        postgresql_where=text("kind = 'reversal'"),
    ),
    Index("ix_settlements_person_year", "person_id", "standing_year"),
    Index("ix_settlements_made_at", "region", "made_at"),
    # A hospital's day, as it is reconciled.
    Index("ix_settlements_facility_day", "facility_code", "discharged_on"),
)

settlement_payers = Table(
    "settlement_payers",
    METADATA,
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("payer", String(40), nullable=False),
    fen_column("amount_fen"),
    UniqueConstraint("settlement_id", "payer"),
)

settlement_lines = Table(
    "settlement_lines",
    METADATA,
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), primary_key=True),
    Column("line_no", String(32), primary_key=True),
    # As settled; empty in rows that were written before these were kept.
    Column("kind", String(32), nullable=True),
    Column("catalogue_class", String(1), nullable=True),
    fen_column("amount_fen"),
    fen_column("waived_fen"),
    fen_column("out_of_catalogue_fen"),
    fen_column("over_limit_fen"),
    fen_column("self_first_fen"),
    fen_column("in_scope_fen"),
    CheckConstraint(BILL_SUM.replace("total_fen", "amount_fen"), name="line_sum"),
    CheckConstraint(
        "LEAST(amount_fen, waived_fen, out_of_catalogue_fen, over_limit_fen, self_first_fen,"
        " in_scope_fen) >= 0",
        name="signs",
    ),
)

settlement_cuts = Table(
    "settlement_cuts",
    METADATA,
    # What a yearly cap kept a benefit from, in the unit of its accumulator. Room that comes free
    # later is offered to such a bill.
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), primary_key=True),
    Column("benefit", String(40), primary_key=True),
    fen_column("cut_fen"),
    fen_column("cap_fen"),
    CheckConstraint("cut_fen > 0", name="cut"),
    CheckConstraint("cap_fen >= 0", name="cap"),
)

BENEFITS = (
    "critical_illness_burden",
    "critical_illness_paid",
    "basic_paid",
    "medical_aid_paid",
    "outpatient_base_used",
    "chronic_drug_fund_paid",
    "special_fund_paid",
)
"""The year-to-date accumulators, by the names of ``year_to_date`` in api.md."""

standings = Table(
    "standings",
    METADATA,
    Column("area", String(16), primary_key=True),
    Column("person_id", String(64), primary_key=True),
    Column("year", Integer, primary_key=True),
    *(fen_column(f"{benefit}_fen") for benefit in BENEFITS),
    Column("version", BigInteger, nullable=False),
    CheckConstraint(f"LEAST({', '.join(f'{b}_fen' for b in BENEFITS)}) >= 0", name="not_negative"),
)
