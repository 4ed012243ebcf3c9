"""Who may see and change which items: the county every one, others those of their own place."""

from __future__ import annotations

from services.reporting.month_closes.problems import CountyOnly
from shared.security.principal import Principal


def county_only(caller: Principal) -> None:
    """Refuse an organisation that is not the whole county's.

    Raises:
        CountyOnly.
    """
    if not caller.of_county:
        raise CountyOnly("the county does this")


def own_place(caller: Principal) -> str | None:
    """The place of a caller below the county."""
    kind, _, value = caller.organisation.partition(":")
    return None if kind == "region" else value


def may(caller: Principal, area: str, township: str | None) -> bool:
    """Whether an item of a place is the caller's."""
    kind, _, value = caller.organisation.partition(":")
    if kind == "region":
        return True
    return value == (township if kind == "township" else area)
