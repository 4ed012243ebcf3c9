"""Which team looks after whom, by place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class NoCountyTeam(ValueError):
    """The region's pack names no hospital that could take people of unknown township."""


@dataclass(frozen=True)
class Place:
    """What teams need to know of a facility of the pack."""

    facility_code: str
    name_zh: str
    name_en: str
    level: str
    in_region: bool
    township: str | None


@dataclass(frozen=True)
class Team:
    """A family-doctor team; its code is the code of the facility it works at."""

    team: str
    name_zh: str
    name_en: str
    township: str | None
    """The area it is responsible for; None: the whole county, when no township is known."""


class Teams:
    """All teams of a region, by code and by township."""

    def __init__(self, teams: Iterable[Team], county_team: str) -> None:
        self.by_code: Mapping[str, Team] = {team.team: team for team in teams}
        self._by_township = {
            team.township: team.team for team in self.by_code.values() if team.township
        }
        self.county_team = county_team

    def for_township(self, township: str | None) -> str:
        """The code of the team responsible for a township, else the county team's."""
        return self._by_township.get(township or "", self.county_team)

    def __contains__(self, code: object) -> bool:
        return code in self.by_code


def make_teams(places: Iterable[Place], county_team: str | None = None) -> Teams:
    """One team per township hospital of the region, and the county team.

    Where a township has several hospitals, the one with the lowest code answers for the township.

    Args:
        county_team: facility code; default the secondary hospital with the lowest code, or, in a
            region without one, the township hospital with the lowest code.

    Raises:
        NoCountyTeam: there is no hospital in the region, or ``county_team`` is not one of it.
    """
    inside = sorted((p for p in places if p.in_region), key=lambda p: p.facility_code)
    taken: set[str] = set()
    teams: list[Team] = []
    for place in inside:
        if place.level == "township" and place.township and place.township not in taken:
            taken.add(place.township)
            teams.append(Team(place.facility_code, place.name_zh, place.name_en, place.township))
    hospitals = [p for p in inside if p.level == "secondary"] or [
        p for p in inside if p.level in ("tertiary", "primary", "township")
    ]
    chosen = county_team or (hospitals[0].facility_code if hospitals else None)
    county = next((p for p in inside if p.facility_code == chosen), None)
    if county is None:
        raise NoCountyTeam(
            "the region's pack has no hospital for the county team; "
            "set CONTRACTS_COUNTY_TEAM to a facility code of the region"
        )
    if county.facility_code not in {team.team for team in teams}:
        teams.append(Team(county.facility_code, county.name_zh, county.name_en, None))
    return Teams(teams, county.facility_code)
