"""The tables of reporting."""

from __future__ import annotations

from sqlalchemy import Table

from services.reporting.models.assessments import (
    assessment_samples,
    assessment_sanctions,
    assessments,
)
from services.reporting.models.base import Base
from services.reporting.models.care import (
    CheckUp,
    Contract,
    DiseaseCase,
    Dispensing,
    Exemption,
    FollowUp,
    Task,
)
from services.reporting.models.closes import (
    close_copies,
    close_keys,
    close_rows,
    close_steps,
    month_closes,
)
from services.reporting.models.entries import Entry
from services.reporting.models.happening import CHANGING, Happening
from services.reporting.models.merges import person_merges
from services.reporting.models.people import Card, Person, PersonCategory, Recognition, Roster
from services.reporting.models.rebuild import Rebuild
from services.reporting.models.register import register_files, register_items, register_steps
from services.reporting.models.standards import standard_facts, standard_maps
from services.reporting.models.sums import (
    STOCK_FLAGS,
    SUMMED,
    month_payers,
    month_sums,
    people_days,
    people_kept,
    person_marks,
    stale_marks,
)
from services.reporting.models.visits import Encounter, Settlement, SettlementPayer

PROJECTIONS: tuple[Table, ...] = (
    person_merges,
    *(
        Base.metadata.tables[model.__tablename__]
        for model in (
            Roster,
            Person,
            PersonCategory,
            Recognition,
            Card,
            Encounter,
            Settlement,
            SettlementPayer,
            Contract,
            Task,
            FollowUp,
            CheckUp,
            Dispensing,
            Exemption,
            DiseaseCase,
            Happening,
        )
    ),
)
"""What a rebuild clears and fills again."""

__all__ = [
    "CHANGING",
    "PROJECTIONS",
    "STOCK_FLAGS",
    "SUMMED",
    "Base",
    "Card",
    "CheckUp",
    "Contract",
    "DiseaseCase",
    "Dispensing",
    "Encounter",
    "Entry",
    "Exemption",
    "FollowUp",
    "Happening",
    "Person",
    "PersonCategory",
    "Rebuild",
    "Recognition",
    "Roster",
    "Settlement",
    "SettlementPayer",
    "Task",
    "assessment_samples",
    "assessment_sanctions",
    "assessments",
    "close_copies",
    "close_keys",
    "close_rows",
    "close_steps",
    "month_closes",
    "month_payers",
    "month_sums",
    "people_days",
    "people_kept",
    "person_marks",
    "person_merges",
    "register_files",
    "register_items",
    "register_steps",
    "stale_marks",
    "standard_facts",
    "standard_maps",
]
