"""The manifest of claims."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from services.claims.budgets.endpoints import router as budgets
from services.claims.budgets.pages import router as budget_pages
from services.claims.charges.endpoints import router as charges
from services.claims.charges.pages import router as charge_pages
from services.claims.clearing.endpoints import router as clearing
from services.claims.clearing.list_pages import router as clearing_list_pages
from services.claims.clearing.pages import router as clearing_pages
from services.claims.drg.endpoints import router as drg
from services.claims.drg.pages import router as drg_pages
from services.claims.drugs.handlers import on_dispensing_recorded, on_dispensing_withdrawn
from services.claims.encounters.case_pages import router as case_pages
from services.claims.encounters.endpoints import router as encounters
from services.claims.encounters.handlers import (
    on_person_changed,
    on_person_entered,
    on_person_left,
    on_recognition_made,
    on_recognition_revised,
)
from services.claims.encounters.pages import router as encounter_pages
from services.claims.facilities.endpoints import router as facilities
from services.claims.fees.handlers import on_fee_due
from services.claims.funds.endpoints import router as funds
from services.claims.funds.pages import router as fund_pages
from services.claims.funds.service import watch as watch_funds
from services.claims.ledger.endpoints import router as ledger
from services.claims.ledger.sealing import seal as seal_ledger
from services.claims.merges.handlers import on_person_merged, on_person_unmerged
from services.claims.models import METADATA
from services.claims.monitoring.endpoints import router as monitoring
from services.claims.monitoring.pages import router as monitoring_pages
from services.claims.packs.endpoints import router as packs
from services.claims.packs.pages import router as pack_pages
from services.claims.packs.service import pack_in_force
from services.claims.proposals.endpoints import router as proposals
from services.claims.reconciliation.endpoints import router as reconciliation
from services.claims.reconciliation.pages import router as reconciliation_pages
from services.claims.referrals.handlers import (
    on_referral_accepted,
    on_referral_closed,
    on_referral_made,
    on_referral_refused,
    on_referral_returned,
)
from services.claims.reservations.endpoints import router as reservations
from services.claims.revisions.endpoints import router as revisions
from services.claims.revisions.pages import router as revision_pages
from services.claims.screens.kit import router as screen_assets
from services.claims.settings import settings_of
from services.claims.settlement.endpoints import router as settlements
from services.claims.settlement.pages import router as settlement_pages
from services.claims.settlement.problems import AssumptionUnconfirmed
from services.claims.simulations.endpoints import router as simulations
from services.claims.simulations.pages import router as simulation_pages
from services.claims.simulations.running import run_simulations
from services.claims.standings.endpoints import router as standings
from services.claims.subsidies.endpoints import router as subsidies
from shared.events.catalog import (
    ClearingPaid,
    DispensingRecorded,
    DispensingWithdrawn,
    DrugPaymentDecided,
    EncounterCancelled,
    EncounterDischarged,
    EncounterOpened,
    FeeDue,
    FlagRaised,
    FundWarned,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    PersonMerged,
    PersonUnmerged,
    RecognitionMade,
    RecognitionRevised,
    ReconciliationDiffered,
    ReferralAccepted,
    ReferralClosed,
    ReferralMade,
    ReferralRefused,
    ReferralReturned,
    SettlementMade,
    SettlementReversed,
)
from shared.runtime.context import ServiceContext, ServiceModule, Subscription
from shared.web.navigation import ScreenLink

log = structlog.get_logger(__name__)


@asynccontextmanager
async def _lifespan(context: ServiceContext) -> AsyncIterator[None]:
    """Load what every request needs, so that a broken pack stops the start and not a patient.

    A pack that production does not use yet refuses every calculation, each time with what is to be
    confirmed; the rest of the service is of use meanwhile.
    """
    settings_of(context)
    try:
        pack_in_force(context)
    except AssumptionUnconfirmed as unconfirmed:
        log.warning(
            "pack_unconfirmed",
            pack=context.region.pack_id,
            parameters=[fault.field for fault in unconfirmed.errors],
        )
    yield


MODULE = ServiceModule(
    name="claims",
    title="Claims",
    title_zh="费用结算",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        encounters,
        charges,
        reservations,
        settlements,
        revisions,
        proposals,
        subsidies,
        standings,
        ledger,
        funds,
        clearing,
        budgets,
        drg,
        simulations,
        reconciliation,
        monitoring,
        facilities,
        packs,
    ),
    pages=(
        screen_assets,
        encounter_pages,
        case_pages,
        charge_pages,
        settlement_pages,
        revision_pages,
        pack_pages,
        fund_pages,
        clearing_list_pages,
        clearing_pages,
        reconciliation_pages,
        simulation_pages,
        monitoring_pages,
        budget_pages,
        drg_pages,
    ),
    screens=(
        ScreenLink("/claims/", "费用结算", "Settlement", "claims:encounters"),
        ScreenLink("/claims/clearing", "清算", "Clearing", "claims:ledger"),
        ScreenLink("/claims/funds", "基金", "Funds", "claims:funds"),
        ScreenLink("/claims/budgets", "总额预算", "Global budgets", "claims:funds"),
        ScreenLink("/claims/drg", "病组付费", "DRG pilot", "claims:funds"),
        ScreenLink("/claims/reconciliations", "对账", "Reconciliation", "claims:ledger"),
        ScreenLink("/claims/flags", "智能监控", "Monitoring", "claims:ledger"),
        ScreenLink("/claims/packs", "政策包", "Policy packs", "claims:quote"),
        ScreenLink("/claims/simulations", "政策测算", "What if", "claims:ledger"),
    ),
    subscriptions=(
        Subscription(
            RecognitionMade,
            on_recognition_made,
            "a recognised patient's encounter opens by itself, without a deposit (LP-23, JK-14)",
        ),
        Subscription(
            RecognitionRevised,
            on_recognition_revised,
            "a visit's patient or categories are known better: the case follows, or is marked",
        ),
        Subscription(
            PersonEntered,
            on_person_entered,
            "categories and home of a person whose visit the hospital registers itself",
        ),
        Subscription(
            PersonChanged,
            on_person_changed,
            "categories in force on a later visit's date, and the present village",
        ),
        Subscription(
            PersonLeft,
            on_person_left,
            "from which day a person is an ordinary resident again",
        ),
        Subscription(
            PersonMerged,
            on_person_merged,
            "both ids' visits count against one year: caps and deductibles are the person's",
        ),
        Subscription(
            PersonUnmerged,
            on_person_unmerged,
            "two persons after all: each has his own year again",
        ),
        Subscription(
            FeeDue, on_fee_due, "the special fund owes a team for contracts and check-ups (XB-54)"
        ),
        Subscription(
            DispensingRecorded,
            on_dispensing_recorded,
            "the special fund pays chronic drugs up to the year's limit (XB-25)",
        ),
        Subscription(
            DispensingWithdrawn,
            on_dispensing_withdrawn,
            "drugs that were not handed out after all: the year and the fund have it back",
        ),
        Subscription(
            ReferralMade, on_referral_made, "a visit at the target within the validity was referred"
        ),
        Subscription(ReferralAccepted, on_referral_accepted, "the referral still counts"),
        Subscription(ReferralRefused, on_referral_refused, "nobody comes by a refused referral"),
        Subscription(ReferralReturned, on_referral_returned, "the visit came by it all the same"),
        Subscription(
            ReferralClosed, on_referral_closed, "one that was withdrawn counts for nothing"
        ),
    ),
    publishes=(
        EncounterOpened,
        EncounterDischarged,
        EncounterCancelled,
        SettlementMade,
        SettlementReversed,
        FlagRaised,
        FundWarned,
        DrugPaymentDecided,
        ClearingPaid,
        ReconciliationDiffered,
    ),
    seals=(seal_ledger,),
    watches=(watch_funds,),
    jobs=(run_simulations,),
    lifespan=_lifespan,
)
