"""The places that a screen offers to choose from: no more than the caller may see."""

from __future__ import annotations

from services.contracts.access import organisation_of
from services.contracts.teams.service import own_township, teams_of
from shared.policy.region import Township, Village
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


def townships_of(context: ServiceContext, caller: Principal) -> tuple[Township, ...]:
    """Whose people the caller sees."""
    own = own_township(context, caller)
    if own is None and organisation_of(caller)[0] != "region":
        return ()
    return tuple(each for each in context.region.townships if own in (None, each.name_zh))


def villages_of(context: ServiceContext, caller: Principal, team: str = "") -> list[Village]:
    """The villages of one township: the caller's own, or that of the team that was chosen."""
    found = teams_of(context).by_code.get(team)
    own = own_township(context, caller) or (found.township if found else None)
    return [
        village
        for township in context.region.townships
        if township.name_zh == own
        for village in township.villages
    ]
