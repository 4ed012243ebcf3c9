"""The region's teams, made once per process from its pack."""

from __future__ import annotations

from services.contracts.settings import settings_of
from services.contracts.teams.domain import Place, Teams, make_teams
from shared.runtime.context import ServiceContext


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
