"""Reading a person's year."""

from __future__ import annotations

from services.claims.encounters import members
from services.claims.encounters import repository as encounters
from services.claims.merges import repository as merges
from services.claims.reservations import repository as reservations
from services.claims.settlement.bill import Standing
from services.claims.standings import repository
from services.claims.standings.repository import Year
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import NotFound
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class StandingNotFound(NotFound):
    code = "person_not_found"
    title = "There is no such person here, or he is not yours to see"
    title_zh = "没有此人的记录，或您无权查看"


async def standing_of(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: str,
    year: int | None,
) -> tuple[Year, Standing]:
    """A person's calendar year (default: this one), per benefit, and what his open visits reserve.

    The reading is logged.

    The id of a person who was merged into another gives the kept one's year.

    Raises:
        StandingNotFound: neither registered nor ever a patient, or not the caller's to see.
    """
    kind, _, value = caller.organisation.partition(":")
    member = await members.get_member(session, person_id)
    meant = await merges.group_of(session, person_id)
    if kind == "facility":
        visible = await encounters.has_visit_at(session, person_ids=meant, facility_code=value)
    elif kind == "township":
        visible = member is not None and caller.may_see_township(member.township)
    else:
        visible = member is not None or await encounters.has_visit_at(
            session, person_ids=meant, facility_code=None
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
    kept = meant[0]
    area = context.region.pooling_area
    paid = await repository.read(session, area=area, person_id=kept, year=wanted)
    reserved = await reservations.held_by_others(
        session, area=area, kept_person_id=kept, year=wanted, now=context.clock.now()
    )
    return Year(area, kept, wanted, paid), reserved
