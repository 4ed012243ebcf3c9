"""The tables of contracts, one file per aggregate."""

from __future__ import annotations

from services.contracts.models.base import Base
from services.contracts.models.batch import ImportBatch, ImportRow
from services.contracts.models.contract import Contract, ContractStep
from services.contracts.models.cost import ReversedSettlement, VisitCost
from services.contracts.models.disease import DiseaseCase, DiseasePlan, DiseaseStep
from services.contracts.models.enrolment import Enrolment
from services.contracts.models.exemption import Exemption
from services.contracts.models.fee import FeeLine, FeeStatement
from services.contracts.models.member import TeamMember
from services.contracts.models.merge import person_merges
from services.contracts.models.overdue import OverdueCall
from services.contracts.models.person import Person, PersonHome, PersonVersion
from services.contracts.models.plausibility import VisitFlag, VisitFlagStep
from services.contracts.models.referral import Referral, ReferralStep
from services.contracts.models.service_record import CheckUp, Dispensing, DrugSettlement
from services.contracts.models.task import (
    CancelledStay,
    Discharge,
    FollowUp,
    FollowUpCorrection,
    Task,
)
from services.contracts.models.upward import UpwardReport
from services.contracts.models.verification import HomeVerification

__all__ = [
    "Base",
    "CancelledStay",
    "CheckUp",
    "Contract",
    "ContractStep",
    "Discharge",
    "DiseaseCase",
    "DiseasePlan",
    "DiseaseStep",
    "Dispensing",
    "DrugSettlement",
    "Enrolment",
    "Exemption",
    "FeeLine",
    "FeeStatement",
    "FollowUp",
    "FollowUpCorrection",
    "HomeVerification",
    "ImportBatch",
    "ImportRow",
    "OverdueCall",
    "Person",
    "PersonHome",
    "PersonVersion",
    "Referral",
    "ReferralStep",
    "ReversedSettlement",
    "Task",
    "TeamMember",
    "UpwardReport",
    "VisitCost",
    "VisitFlag",
    "VisitFlagStep",
    "person_merges",
]
