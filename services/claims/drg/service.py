"""Use cases of the DRG pilot: name its hospitals, group a stay, see what it makes of the bills."""

from __future__ import annotations

from uuid import UUID

from services.claims.drg import repository
from services.claims.drg.domain import Pilot, Priced, price
from services.claims.drg.problems import (
    GroupedAlready,
    NotGrouped,
    NotInPilot,
    PilotOverlaps,
    PilotRefused,
    UnknownGroup,
)
from services.claims.settlement.problems import SettlementNotFound
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import FacilityNotYours, Principal


async def begin(
    session: WriteSession, context: ServiceContext, caller: Principal, pilot: Pilot
) -> Pilot:
    """Keep a pilot; it holds from its day until the next one's.

    Raises:
        PilotRefused: a hospital is unknown. PilotOverlaps, FacilityNotYours.
    """
    if not caller.of_county:
        raise FacilityNotYours("the insurer names the pilot's hospitals")
    known = {each.facility_code for each in context.region.facilities}
    named = {*pilot.facilities, *pilot.coefficients}
    if not named <= known or not set(pilot.coefficients) <= set(pilot.facilities):
        raise PilotRefused(
            errors=[
                FieldFault(
                    "facilities",
                    "unknown_facility",
                    "name hospitals of the region, and coefficients only of those named",
                    "应为本区域医院，且系数只能给所列医院",
                )
            ]
        )
    now = context.clock.now()
    if not await repository.insert_pilot(session, pilot, at=now, by=caller.client_id):
        raise PilotOverlaps("choose another day")
    await _log(session, context, caller, pilot.id, "drg.pilot")
    return pilot


async def group(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    settlement_id: UUID,
    group_code: str,
) -> tuple[Pilot, Priced]:
    """Keep the group that a hospital supplied for a settled stay, once.

    Raises:
        SettlementNotFound: no such settlement, or another facility's.
        NotGrouped: no stay, reversed, or without basic insurance.
        NotInPilot: no pilot names the hospital on the day of discharge (KZ-08).
        UnknownGroup; GroupedAlready: it has another group.
    """
    region = context.region.region_code
    bill = await repository.bill(session, region, settlement_id)
    if bill is None or not caller.may_see_facility(bill.facility_code):
        raise SettlementNotFound
    if bill.visit_type != "inpatient" or not bill.stands or bill.ratio is None:
        raise NotGrouped("only a standing settlement of a stay with basic insurance is grouped")
    pilot = next(
        (
            each
            for each in await repository.pilots(session, region)
            if each.valid_from <= bill.discharged_on
        ),
        None,
    )
    if pilot is None or bill.facility_code not in pilot.facilities:
        raise NotInPilot
    if group_code not in pilot.weights:
        raise UnknownGroup(
            errors=[
                FieldFault(
                    "group_code",
                    "unknown_group",
                    "write a group of the pilot; see GET /drg/pilots",
                    "应为试点方案中的分组；见 GET /drg/pilots",
                )
            ]
        )
    kept = await repository.insert_case(
        session,
        settlement_id,
        pilot.id,
        group_code,
        at=context.clock.now(),
        by=caller.client_id,
    )
    if kept != group_code:
        raise GroupedAlready(f"it is {kept}; reverse and settle the stay to group it anew")
    await _log(session, context, caller, settlement_id, "drg.grouped")
    # Alone, a high outlier is priced by its group; the hospital's share of them shows in the list.
    return pilot, price([bill.case(pilot, group_code)], pilot.high_share)[0]


async def pilots(session: ReadSession, context: ServiceContext) -> list[Pilot]:
    """The newest first."""
    return await repository.pilots(session, context.region.region_code)


async def cases(
    session: ReadSession, context: ServiceContext, caller: Principal
) -> tuple[Pilot | None, list[Priced]]:
    """The newest pilot's cases that the caller may see, priced; None without a pilot."""
    found = await repository.pilots(session, context.region.region_code)
    kind, _, own = caller.organisation.partition(":")
    if not found or kind not in {"region", "facility"}:
        return None, []
    listed = await repository.cases(session, found[0], own if kind == "facility" else None)
    return found[0], price(listed, found[0].high_share)


async def _log(
    session: WriteSession, context: ServiceContext, caller: Principal, subject: UUID, action: str
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(subject),
        at=context.clock.now(),
        detail={},
    )
