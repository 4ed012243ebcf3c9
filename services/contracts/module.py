"""The manifest of contracts."""

from __future__ import annotations

from pathlib import Path

from services.contracts.at_visit.endpoints import router as at_visit_router
from services.contracts.balance.endpoints import router as balance_router
from services.contracts.balance.pages import router as balance_pages
from services.contracts.check_ups.endpoints import router as check_ups_router
from services.contracts.contracts.endpoints import router as contracts_router
from services.contracts.contracts.pages import router as double_pages
from services.contracts.control.endpoints import router as control_router
from services.contracts.costs.handlers import on_settlement_made, on_settlement_reversed
from services.contracts.diseases.endpoints import router as diseases_router
from services.contracts.dispensings.endpoints import router as dispensings_router
from services.contracts.dispensings.handlers import on_drug_payment_decided
from services.contracts.exemptions.endpoints import router as exemptions_router
from services.contracts.fees.endpoints import router as fees_router
from services.contracts.fees.pages import router as fee_pages
from services.contracts.follow_up.correct_pages import router as correct_pages
from services.contracts.follow_up.endpoints import router as follow_up_router
from services.contracts.follow_up.handlers import (
    on_encounter_cancelled,
    on_encounter_discharged,
)
from services.contracts.follow_up.pages import router as today_pages
from services.contracts.follow_up.visit_pages import router as visit_pages
from services.contracts.health_record.endpoints import router as health_record_router
from services.contracts.health_record.pages import router as health_record_pages
from services.contracts.imports.endpoints import router as imports_router
from services.contracts.imports.pages import router as import_pages
from services.contracts.members.endpoints import router as members_router
from services.contracts.members.pages import router as member_pages
from services.contracts.merges.handlers import on_person_merged, on_person_unmerged
from services.contracts.models import Base
from services.contracts.overdue.endpoints import router as overdue_router
from services.contracts.overdue.pages import router as overdue_pages
from services.contracts.people.handlers import (
    on_person_changed,
    on_person_entered,
    on_person_left,
)
from services.contracts.people.pages import router as person_pages
from services.contracts.plans.endpoints import router as plans_router
from services.contracts.plans.nightly import plan_daily
from services.contracts.plausibility.endpoints import router as plausibility_router
from services.contracts.plausibility.pages import router as flag_pages
from services.contracts.referrals.endpoints import router as referrals_router
from services.contracts.referrals.pages import router as referral_pages
from services.contracts.screens.kit import router as screen_assets
from services.contracts.teams.endpoints import router as teams_router
from services.contracts.teams.pages import router as team_pages
from services.contracts.upward.endpoints import router as upward_router
from shared.events.catalog import (
    CheckUpRecorded,
    ContractEnded,
    ContractRefused,
    ContractRenewed,
    ContractSigned,
    ContractTransferred,
    DiseaseCaseClosed,
    DiseaseCaseFound,
    DiseaseCaseManaged,
    DiseaseCaseWithdrawn,
    DispensingRecorded,
    DispensingWithdrawn,
    DrugPaymentDecided,
    EncounterCancelled,
    EncounterDischarged,
    ExemptionEnded,
    ExemptionRecorded,
    FeeDue,
    FollowUpCorrected,
    FollowUpRecorded,
    OverdueCallJudged,
    OverdueCallRecorded,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    PersonMerged,
    PersonUnmerged,
    ReferralAccepted,
    ReferralClosed,
    ReferralExpired,
    ReferralMade,
    ReferralRefused,
    ReferralReturned,
    SettlementMade,
    SettlementReversed,
    TaskClosed,
    TaskMissed,
    TaskOpened,
    VisitFlagRaised,
)
from shared.runtime.context import ServiceModule, Subscription
from shared.web.navigation import ScreenLink

MODULE = ServiceModule(
    name="contracts",
    title="Contracts and follow-up",
    title_zh="签约与随访",
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        teams_router,
        contracts_router,
        exemptions_router,
        balance_router,
        diseases_router,
        members_router,
        follow_up_router,
        upward_router,
        overdue_router,
        control_router,
        plausibility_router,
        referrals_router,
        fees_router,
        plans_router,
        check_ups_router,
        dispensings_router,
        at_visit_router,
        health_record_router,
        imports_router,
    ),
    pages=(
        screen_assets,
        today_pages,
        visit_pages,
        correct_pages,
        person_pages,
        overdue_pages,
        referral_pages,
        team_pages,
        member_pages,
        balance_pages,
        fee_pages,
        import_pages,
        flag_pages,
        double_pages,
        health_record_pages,
    ),
    screens=(
        ScreenLink("/contracts/", "签约随访", "Family doctors", "contracts:read"),
        ScreenLink("/contracts/teams", "签约督导", "Supervision", "contracts:read"),
    ),
    subscriptions=(
        Subscription(
            PersonEntered, on_person_entered, "where a person lives decides which team is his"
        ),
        Subscription(
            PersonChanged, on_person_changed, "a move changes the team of what is still to sign"
        ),
        Subscription(PersonLeft, on_person_left, "who is no longer on the registry"),
        Subscription(
            PersonMerged,
            on_person_merged,
            "both ids' stays are one person's: one contract answers for them, one home",
        ),
        Subscription(
            PersonUnmerged,
            on_person_unmerged,
            "two persons after all: each has his own tasks and contract again",
        ),
        Subscription(
            EncounterDischarged,
            on_encounter_discharged,
            "an inpatient's discharge opens a task for his team",
        ),
        Subscription(
            EncounterCancelled,
            on_encounter_cancelled,
            "a stay that did not take place: its open tasks are withdrawn",
        ),
        Subscription(
            DrugPaymentDecided,
            on_drug_payment_decided,
            "what the special fund pays of drugs that were handed out",
        ),
        Subscription(
            SettlementMade,
            on_settlement_made,
            "what a person's visits cost and who paid; a chronic outpatient's uses the yearly cap",
        ),
        Subscription(
            SettlementReversed,
            on_settlement_reversed,
            "a visit's costs count no more, and what it had used is free again",
        ),
    ),
    watches=(plan_daily,),
    publishes=(
        ReferralMade,
        ReferralAccepted,
        ReferralRefused,
        ReferralReturned,
        ReferralClosed,
        ReferralExpired,
        ContractSigned,
        ContractRenewed,
        ContractTransferred,
        ContractEnded,
        ContractRefused,
        ExemptionRecorded,
        ExemptionEnded,
        DiseaseCaseClosed,
        DiseaseCaseFound,
        DiseaseCaseManaged,
        DiseaseCaseWithdrawn,
        TaskOpened,
        TaskClosed,
        TaskMissed,
        FollowUpCorrected,
        FollowUpRecorded,
        CheckUpRecorded,
        OverdueCallRecorded,
        OverdueCallJudged,
        DispensingRecorded,
        DispensingWithdrawn,
        FeeDue,
        VisitFlagRaised,
    ),
)
