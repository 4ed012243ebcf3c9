"""The region's teams, made once per process from its pack."""

from __future__ import annotations

from services.contracts.access import organisation_of
from services.contracts.settings import settings_of
from services.contracts.teams.domain import Place, Teams, make_teams
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


def teams_of(context: ServiceContext) -> Teams:
    """All teams, kept with the context.

    Raises:
        NoCountyTeam: the pack names no hospital in the region.
    """
    found = context.state.get("contracts.teams")
    if not isinstance(found, Teams):
        places = (
            Place(
                facility_code=facility.facility_code,
                name_zh=facility.name_zh,
                name_en=facility.name_en,
                level=facility.facility_level,
                in_region=facility.in_region,
                township=facility.township or None,
            )
            for facility in context.region.facilities
        )
        found = make_teams(places, settings_of(context).county_team)
        context.state["contracts.teams"] = found
    return found


def own_township(context: ServiceContext, caller: Principal) -> str | None:
    """The township of a township's office, or of the hospital whose team answers for it."""
    kind, value = organisation_of(caller)
    if kind == "township":
        return value
    team = teams_of(context).by_code.get(value) if kind == "facility" else None
    return team.township if team is not None else None
