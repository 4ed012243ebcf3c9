"""The tables of the claims database, one file per aggregate."""

from services.claims.models.base import METADATA
from services.claims.models.budgets import (
    budget_adjustments,
    budget_advances,
    budget_agreements,
    budget_settlements,
)
from services.claims.models.charges import charge_batches, charge_lines
from services.claims.models.clearing import (
    clearing_items,
    clearing_parts,
    clearing_payments,
    clearing_runs,
    clearing_steps,
)
from services.claims.models.drg import drg_cases, drg_pilots
from services.claims.models.drugs import drug_payments
from services.claims.models.encounters import encounter_recognitions, encounters, members
from services.claims.models.fees import clearing_fees, service_fees
from services.claims.models.funds import fund_balances, fund_movements, fund_warnings
from services.claims.models.ledger import accounts, journal_entries, postings
from services.claims.models.merges import person_merges, standing_moves
from services.claims.models.monitoring import clearing_holds, flag_steps, flags
from services.claims.models.packs import pack_versions
from services.claims.models.proposals import proposal_decisions
from services.claims.models.reconciliation import (
    reconciliation_differences,
    reconciliation_findings,
    reconciliations,
)
from services.claims.models.referrals import referrals
from services.claims.models.reservations import RESERVED_BENEFITS, reservations
from services.claims.models.settlements import (
    BENEFITS,
    settlement_cuts,
    settlement_lines,
    settlement_payers,
    settlements,
    standings,
)
from services.claims.models.simulations import simulations
from services.claims.models.vouchers import voucher_parts, vouchers

__all__ = [
    "BENEFITS",
    "METADATA",
    "RESERVED_BENEFITS",
    "accounts",
    "budget_adjustments",
    "budget_advances",
    "budget_agreements",
    "budget_settlements",
    "charge_batches",
    "charge_lines",
    "clearing_fees",
    "clearing_holds",
    "clearing_items",
    "clearing_parts",
    "clearing_payments",
    "clearing_runs",
    "clearing_steps",
    "drg_cases",
    "drg_pilots",
    "drug_payments",
    "encounter_recognitions",
    "encounters",
    "flag_steps",
    "flags",
    "fund_balances",
    "fund_movements",
    "fund_warnings",
    "journal_entries",
    "members",
    "pack_versions",
    "person_merges",
    "postings",
    "proposal_decisions",
    "reconciliation_differences",
    "reconciliation_findings",
    "reconciliations",
    "referrals",
    "reservations",
    "service_fees",
    "settlement_cuts",
    "settlement_lines",
    "settlement_payers",
    "settlements",
    "simulations",
    "standing_moves",
    "standings",
    "voucher_parts",
    "vouchers",
]
