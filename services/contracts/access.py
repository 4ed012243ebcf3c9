"""Whose rows a caller may see: a county all, a township its people, a hospital its own."""

from __future__ import annotations

from shared.http.problem import Forbidden
from shared.security.principal import Principal


class TeamNotYours(Forbidden):
    code = "team_not_yours"
    title = "This client may not act for that team or its people"
    title_zh = "该客户端不能代表此团队或其服务对象办理"


def organisation_of(caller: Principal) -> tuple[str, str]:
    """The kind of the caller's organisation and its value: ``("township", "金河镇")``."""
    kind, _, value = caller.organisation.partition(":")
    return kind, value


def may_act(
    caller: Principal, *, team: str, township: str | None, facility_code: str | None = None
) -> bool:
    """A township acts for its people, a hospital for its team (and reads its own patients)."""
    return (
        caller.may_see_township(township)
        or caller.may_see_facility(team)
        or (facility_code is not None and caller.may_see_facility(facility_code))
    )
