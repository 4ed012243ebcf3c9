"""The agreed language between services: every event type there is.

The schemas under ``shared/events/schemas`` and ``asyncapi.yaml`` are generated from these classes
(``python -m shared.events.generate``); CI fails when they drift or break a reader.
"""

from __future__ import annotations

from shared.events.base import Event
from shared.events.catalog.claims import (
    ClearingPaid,
    ClearingShare,
    DifferenceCount,
    EncounterCancelled,
    EncounterDischarged,
    EncounterOpened,
    FundWarned,
    PayerShare,
    ReconciliationDiffered,
    SettlementMade,
    SettlementReversed,
)
from shared.events.catalog.contracts import (
    ContractEnded,
    ContractSigned,
    FollowUpRecorded,
    ReferralAccepted,
    ReferralClosed,
    ReferralMade,
    ReferralRefused,
    ReferralReturned,
    TaskClosed,
    TaskOpened,
)
from shared.events.catalog.identity import (
    CardIssued,
    CardRevoked,
    CategoryPeriod,
    Entitlements,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    PersonMerged,
    PersonUnmerged,
    RecognitionMade,
    RecognitionRevised,
    RosterApplied,
)

ALL: tuple[type[Event], ...] = (
    RosterApplied,
    PersonEntered,
    PersonChanged,
    PersonLeft,
    PersonMerged,
    PersonUnmerged,
    RecognitionMade,
    RecognitionRevised,
    CardIssued,
    CardRevoked,
    EncounterOpened,
    EncounterDischarged,
    EncounterCancelled,
    SettlementMade,
    SettlementReversed,
    FundWarned,
    ClearingPaid,
    ReconciliationDiffered,
    ContractSigned,
    ContractEnded,
    TaskOpened,
    TaskClosed,
    FollowUpRecorded,
    ReferralMade,
    ReferralAccepted,
    ReferralRefused,
    ReferralReturned,
    ReferralClosed,
)

BY_TYPE: dict[str, type[Event]] = {event.type_name(): event for event in ALL}

TOPICS: tuple[str, ...] = tuple(sorted({event.topic() for event in ALL}))

__all__ = [
    "ALL",
    "BY_TYPE",
    "TOPICS",
    "CardIssued",
    "CardRevoked",
    "CategoryPeriod",
    "ClearingPaid",
    "ClearingShare",
    "ContractEnded",
    "ContractSigned",
    "DifferenceCount",
    "EncounterCancelled",
    "EncounterDischarged",
    "EncounterOpened",
    "Entitlements",
    "FollowUpRecorded",
    "FundWarned",
    "PayerShare",
    "PersonChanged",
    "PersonEntered",
    "PersonLeft",
    "PersonMerged",
    "PersonUnmerged",
    "RecognitionMade",
    "RecognitionRevised",
    "ReconciliationDiffered",
    "ReferralAccepted",
    "ReferralClosed",
    "ReferralMade",
    "ReferralRefused",
    "ReferralReturned",
    "RosterApplied",
    "SettlementMade",
    "SettlementReversed",
    "TaskClosed",
    "TaskOpened",
]
