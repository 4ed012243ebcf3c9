"""The lists of encounters: what a caller sees of them, and the note that they were shown."""

from __future__ import annotations

from uuid import UUID

from services.claims.encounters import repository
from services.claims.encounters.domain import Encounter
from shared.db.session import ReadSession, WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def find(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    visit_no: str | None,
    facility_code: str | None,
    status: str | None,
    recognition_pending: bool | None,
    after_id: UUID | None,
    limit: int,
) -> list[Encounter]:
    """The caller's encounters, oldest first; one more than ``limit`` when there is a next page."""
    sees, facility_code = within(caller, facility_code)
    if not sees:
        return []
    return await repository.find(
        session,
        region=context.region.region_code,
        visit_no=visit_no,
        facility_code=facility_code,
        status=status,
        recognition_pending=recognition_pending,
        after=after_id,
        limit=limit + 1,
    )


async def log_list(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    facility_code: str | None,
    **shown: int,
) -> None:
    """Write to the audit log that a list of visits was shown, of which facility, and how long.

    Not what was asked for: a visit's number may be an ID number, mistaken for it.
    """
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="encounters.listed",
        subject=facility_code or caller.organisation,
        at=context.clock.now(),
        detail=shown,
    )


async def unsettled(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    facility_code: str | None,
    limit: int,
) -> list[Encounter]:
    """The caller's encounters that wait to be settled, the newest first."""
    sees, facility_code = within(caller, facility_code)
    if not sees:
        return []
    return await repository.unsettled(
        session, region=context.region.region_code, facility_code=facility_code, limit=limit
    )


def within(caller: Principal, facility_code: str | None) -> tuple[bool, str | None]:
    """Whether the caller sees anything of what he asks for, and of which facility (None: of all)."""
    kind, _, own = caller.organisation.partition(":")
    if kind == "facility":
        return facility_code in {None, own}, own
    return kind == "region", facility_code
