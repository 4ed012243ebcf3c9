"""Reading a person's year."""

from __future__ import annotations

from services.claims.encounters import repository as encounters
from services.claims.settlement.bill import Standing
from services.claims.standings import repository
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import NotFound
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class StandingNotFound(NotFound):
    code = "person_not_found"
    title = "There is no such person here, or he is not yours to see"
    title_zh = "没有此人的记录,或您无权查看"


async def standing_of(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: str,
    year: int | None,
) -> tuple[int, Standing]:
    """A person's calendar year (default: this one), per benefit; the reading is logged.

    Raises:
        StandingNotFound: neither registered nor ever a patient, or not the caller's to see.
    """
    kind, _, value = caller.organisation.partition(":")
    member = await encounters.get_member(session, person_id)
    if kind == "facility":
        visible = await encounters.has_visit_at(session, person_id=person_id, facility_code=value)
    elif kind == "township":
        visible = member is not None and caller.may_see_township(member.township)
    else:
        visible = member is not None or await encounters.has_visit_at(
            session, person_id=person_id, facility_code=None
        )
    if not visible:
        raise StandingNotFound
    wanted = year or business_date(context.clock.now()).year
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="standing.read",
        subject=person_id,
        at=context.clock.now(),
        detail={"year": wanted},
    )
    return wanted, await repository.read(
        session, area=context.region.pooling_area, person_id=person_id, year=wanted
    )
