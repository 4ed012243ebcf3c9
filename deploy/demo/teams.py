"""The demonstration county's family-doctor teams: who signs, and whom a contact card names.

Every team has a doctor with a telephone, without whom no card is valid (XB-31), a nurse and somebody
for public health. Names and numbers are made up.
"""

from __future__ import annotations

from typing import Any

from deploy.demo.county import stream
from deploy.demo.names import Sex, full_name, surname

_JOINED = "2015-08-01"
_ROLES = ("doctor", "nurse", "public_health")
_BORN = 1980
_SEXES: tuple[Sex, ...] = ("M", "F")


def members(team: str, *, seed: int) -> list[dict[str, Any]]:
    """The bodies of ``POST /contracts/v1/teams/{team}/members``, the same for one seed."""
    rng = stream(seed, f"team-{team}")
    found = []
    for role in _ROLES:
        sex = rng.choice(_SEXES)
        name = full_name(rng, "汉族", surname(rng, "汉族"), sex, _BORN)
        phone = f"0833-555{rng.randrange(10_000):04d}"
        found.append({"role": role, "name": name, "phone": phone, "joined_on": _JOINED})
    return found
