"""The page of a case: one state, one button; the bill where there is one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.claims.calculation_refused import CalculationRefused
from services.claims.charges import repository as charges
from services.claims.encounters import service as encounters
from services.claims.encounters.domain import Encounter
from services.claims.encounters.presenting import answer as shown_encounter
from services.claims.packs.service import pack_in_force, pack_of
from services.claims.reservations import repository as reservations
from services.claims.reservations.schemas import as_answer
from services.claims.screens.bill import shown_bill
from services.claims.screens.kit import kit, name_of, render
from services.claims.screens.patients import masked_name
from services.claims.screens.revising import revising
from services.claims.screens.words import CATALOGUE_CLASSES, LINE_KINDS, PROGRAMMES
from services.claims.settlement import previewing
from services.claims.settlement import repository as settlements
from services.claims.settlement.repository import Stored
from services.claims.settlement.tiers import SettlementPack
from shared.clock import SHANGHAI
from shared.db.session import WriteSession
from shared.http.problem import Problem
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.forms import as_local
from shared.web.kit import Said, Typed, faults_of, told

LINES_SHOWN = 200
"""Of one batch; the whole bill may have ten thousand."""
ROWS = 5
MOST_ROWS = 100
_CHANCE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass
class Words:
    """What the page says beside the case itself."""

    typed: Typed = field(default_factory=Typed)
    faults: Mapping[str, Said] = field(default_factory=dict)
    problem: Said | None = None
    done: str | None = None
    """Key of a text."""
    opened: str | None = None
    """The form that stands open: ``add``, ``discharge`` or ``reverse``."""
    rows: int = ROWS
    preview: bool = False
    status: int = 200


async def case_page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    encounter_id: UUID,
    words: Words | None = None,
) -> Response:
    """The case as it stands now; the look is written to the audit log.

    Raises:
        EncounterNotFound: no such encounter, or another facility's.
    """
    said = words or Words()
    encounter = await encounters.read(session, context, caller, encounter_id)
    totals = await charges.totals_of(session, encounter_id)
    case = shown_encounter(context, encounter, totals).model_dump(mode="json")
    history = await settlements.of_encounter(session, encounter_id)
    facility = context.region.facility(encounter.facility_code)
    current = next((one for one in history if one.id == encounter.settlement_id), None)
    values: dict[str, Any] = {
        "case": case,
        "facility": facility,
        "patient": await masked_name(context, encounter.patient_id),
        "reservation": await _reservation(context, session, encounter_id),
        "batches": await _batches(session, encounter_id),
        "history": [_past(context, one) for one in history],
        "current": None if current is None else {"id": str(current.id)},
        **await revising(session, context, caller, current, pending=encounter.recognition_pending),
        "said": said,
        "may_settle": "claims:settle" in caller.scopes,
        "may_print": "claims:ledger" in caller.scopes,
        "is_stay": encounter.visit_type == "inpatient",
        "now": as_local(context.clock.now()),
        "new_batch_no": _new_batch_no(context),
        "kinds": tuple(LINE_KINDS),
        "classes": tuple(CATALOGUE_CLASSES),
        "programmes": tuple(PROGRAMMES),
        "own_programmes": _programmes(case["disease_programme"]),
        **await _bill(context, session, caller, encounter, current, said, totals.lines),
    }
    return render(request, "case.html", values, status=said.status)


def _programmes(told: str | list[str] | None) -> list[str]:
    """The visit's programmes: none, one, or several."""
    if told is None:
        return []
    return [told] if isinstance(told, str) else told


async def _bill(
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    encounter: Encounter,
    current: Stored | None,
    said: Words,
    lines: int,
) -> dict[str, Any]:
    """The settlement as kept, else what it would say now, else why it cannot be told."""
    if current is not None:
        drawn = shown_bill(current.as_answer(), _pack(context, current), current.discharged_on)
        return {"bill": drawn, "previewed_on": None, "refused": None}
    wanted = encounter.status == "discharged" or said.preview
    if not wanted or not lines or "claims:settle" not in caller.scopes:
        return {"bill": None, "previewed_on": None, "refused": None}
    try:
        result, day = await previewing.preview(session, context, caller, encounter.id)
    except Problem as problem:
        return {"bill": None, "previewed_on": None, "refused": _refused(problem)}
    drawn = shown_bill(result.as_breakdown(), pack_in_force(context), day)
    return {"bill": drawn, "previewed_on": day.isoformat(), "refused": None}


def _refused(problem: Problem) -> dict[str, Any]:
    """Why nothing can be calculated, fault by fault, in words."""
    faults = faults_of(problem)
    whole = told(problem)
    if isinstance(problem, CalculationRefused) and faults:
        whole = {"text_zh": problem.title_zh, "text_en": problem.title}
    return {"whole": whole, "faults": [{"field": name, **fault} for name, fault in faults.items()]}


def _pack(context: ServiceContext, stored: Stored) -> SettlementPack | None:
    """The pack of a settlement where it is at hand as it was then."""
    try:
        pack = pack_of(context, stored.pack)
    except Problem:
        return None
    return pack if pack.version == stored.pack_version else None


async def _reservation(
    context: ServiceContext, session: WriteSession, encounter_id: UUID
) -> dict[str, Any] | None:
    """The room under the year's caps that the visit keeps."""
    kept = await reservations.of_encounter(session, encounter_id)
    return None if kept is None else as_answer(kept, context.clock.now()).model_dump(mode="json")


async def _batches(session: WriteSession, encounter_id: UUID) -> list[dict[str, Any]]:
    shown = []
    for batch in await charges.batches_of(session, encounter_id):
        lines = await charges.lines_of(
            session, encounter_id, batch_no=batch.batch_no, limit=LINES_SHOWN
        )
        shown.append(
            {
                "batch_no": batch.batch_no,
                "received_at": batch.received_at.astimezone(SHANGHAI).isoformat(),
                "line_count": batch.line_count,
                "amount": text_from_fen(batch.total_fen),
                "more": batch.line_count - len(lines),
                "lines": [
                    {
                        "name": line.name,
                        "kind": line.kind,
                        "catalogue_class": line.catalogue_class,
                        "quantity": None if line.quantity is None else _plain(line.quantity),
                        "amount": text_from_fen(line.amount_fen),
                        "limit": (
                            None
                            if line.price_limit_fen is None
                            else text_from_fen(line.price_limit_fen)
                        ),
                        "first": (
                            None
                            if line.self_first_ratio is None
                            else _plain(line.self_first_ratio * 100)
                        ),
                    }
                    for line in lines
                ],
            }
        )
    return shown


def _plain(number: Any) -> str:
    return f"{number.normalize():f}"


def _past(context: ServiceContext, stored: Stored) -> dict[str, Any]:
    """A settlement or reversal as one row of the history."""
    return {
        "id": str(stored.id),
        "ordinal": stored.ordinal,
        "status": stored.status,
        "total": text_from_fen(stored.amounts.total),
        "patient_pays": text_from_fen(stored.amounts.patient_pays),
        "made_at": stored.made_at.astimezone(SHANGHAI).isoformat(),
        "made_by": name_of(context, stored.made_by) or kit.said("who.nobody"),
        "reason": stored.reason,
    }


def _new_batch_no(context: ServiceContext) -> str:
    """Made with the page, so that a form that is sent twice adds its lines once."""
    chance = "".join(secrets.choice(_CHANCE) for _ in range(4))
    return f"S{context.clock.now().astimezone(SHANGHAI):%Y%m%d%H%M%S}{chance}"
