"""HTTP: the teams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.contracts.teams.schemas import TeamAnswer, TeamList
from services.contracts.teams.service import teams_of
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["teams"])


@router.get("/teams", summary="Family-doctor teams of the region")
async def list_teams(
    _caller: Annotated[Principal, requires("contracts:read")], context: Context
) -> TeamList:
    """Every township hospital is a team; the county team takes people of unknown township."""
    teams = teams_of(context)
    return TeamList(
        items=[
            TeamAnswer(
                team=team.team,
                name_zh=team.name_zh,
                name_en=team.name_en,
                township=team.township,
                county=team.team == teams.county_team,
            )
            for team in teams.by_code.values()
        ]
    )
