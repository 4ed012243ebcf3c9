"""Events in: which projection each one feeds, live and when everything is made again.

A live handler folds the event and announces the change; a rebuild folds the same way and announces
once at its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.reporting.projections import cards, care, merges, people, visits
from services.reporting.projections.announce import announce
from services.reporting.projections.fold import Projection
from services.reporting.projections.happenings import happened
from shared.db.session import WriteSession
from shared.events.base import Envelope, Event
from shared.events.catalog import (
    CardIssued,
    CardRevoked,
    CheckUpRecorded,
    ContractEnded,
    ContractRenewed,
    ContractSigned,
    ContractTransferred,
    DiseaseCaseClosed,
    DiseaseCaseFound,
    DiseaseCaseManaged,
    DiseaseCaseWithdrawn,
    DispensingRecorded,
    EncounterCancelled,
    EncounterDischarged,
    EncounterOpened,
    ExemptionEnded,
    ExemptionRecorded,
    FollowUpRecorded,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    PersonMerged,
    PersonUnmerged,
    RecognitionMade,
    RecognitionRevised,
    RosterApplied,
    SettlementMade,
    SettlementReversed,
    TaskClosed,
    TaskMissed,
    TaskOpened,
)
from shared.runtime.context import Handler, ServiceContext, Subscription

_FED_BY: tuple[tuple[type[Event], Projection, str], ...] = (
    (RosterApplied, people.roster_applied, "how large the registry's last change was"),
    (PersonEntered, people.person_told, "registered persons by place: the denominators"),
    (PersonChanged, people.person_told, "moves and category dates change denominators"),
    (PersonLeft, people.person_told, "who is no longer a registered person, and from when"),
    (PersonMerged, merges.merge_told, "one person is counted once, by whichever id"),
    (PersonUnmerged, merges.merge_told, "two persons after all"),
    (CardIssued, cards.card_issued, "health_card_rate"),
    (CardRevoked, cards.card_revoked, "health_card_rate"),
    (RecognitionMade, people.recognition_made, "recognition_rate"),
    (RecognitionRevised, people.recognition_revised, "recognition_rate, as now known"),
    (EncounterOpened, visits.encounter_opened, "visits; deposits asked although none is due"),
    (EncounterDischarged, visits.encounter_discharged, "visits by month; one_stop_rate"),
    (EncounterCancelled, visits.encounter_cancelled, "one_stop_rate: not a visit after all"),
    (SettlementMade, visits.settlement_made, "personal_share and who paid the bills"),
    (SettlementReversed, visits.settlement_reversed, "a reversed bill no longer counts"),
    (ContractSigned, care.contract_signed, "contract_rate"),
    (ContractRenewed, care.contract_renewed, "contract_rate"),
    (ContractTransferred, care.contract_ended, "contract_rate"),
    (ContractEnded, care.contract_ended, "contract_rate"),
    (TaskOpened, care.task_opened, "tasks by team"),
    (TaskClosed, care.task_closed, "tasks done"),
    (TaskMissed, care.task_missed, "tasks that nobody did in their time"),
    (FollowUpRecorded, care.follow_up_recorded, "contract_performance_rate"),
    (CheckUpRecorded, care.check_up_recorded, "check_up_rate; contract_performance_rate"),
    (DispensingRecorded, care.dispensing_recorded, "contract_performance_rate"),
    (ExemptionRecorded, care.exemption_recorded, "contract_rate: who is at home and willing"),
    (ExemptionEnded, care.exemption_ended, "contract_rate: at home and willing again"),
    (DiseaseCaseFound, care.case_found, "chronic_contract_rate: who is ill"),
    (DiseaseCaseManaged, care.case_managed, "serious_illness_treatment_rate"),
    (DiseaseCaseClosed, care.case_closed, "serious_illness_treatment_rate: cured"),
    (DiseaseCaseWithdrawn, care.case_withdrawn, "a case entered in error is none"),
)

PROJECTIONS_BY_TYPE: dict[str, Projection] = {
    event.type_name(): projection for event, projection, _ in _FED_BY
}


async def project(
    events: Sequence[Envelope[Any]], session: WriteSession, context: ServiceContext
) -> None:
    """Fold events into the rows; twice is as good as once.

    Those of one type are folded together, in their order. What one type tells leaves alone what
    another tells, so the types' order among themselves does not matter.
    """
    by_type: dict[str, list[Envelope[Any]]] = defaultdict(list)
    for event in events:
        by_type[event.type].append(event)
    for event_type, alike in by_type.items():
        await PROJECTIONS_BY_TYPE[event_type](alike, session, context)
    await happened(events, session, context)


async def take_in(event: Envelope[Any], session: WriteSession, context: ServiceContext) -> None:
    """The live handler of every event type."""
    await project((event,), session, context)
    await announce(session, event)


_HANDLER: Handler = take_in

SUBSCRIPTIONS: tuple[Subscription, ...] = tuple(
    Subscription(event, _HANDLER, why) for event, _, why in _FED_BY
)
