"""All SQL of referrals: what was told of them, and who referred a visit's patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Date, String, any_, cast, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from services.claims.models import encounters, person_merges, referrals
from shared.db.session import WriteSession


def _keep() -> Insert:
    statement = insert(referrals)
    told = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["referral_id"],
        set_={c.name: told[c.name] for c in referrals.c if c.name != "referral_id"},
        where=told.sequence > referrals.c.sequence,
    )


# Made once: putting a statement together costs more than sending it.
_KEEP = _keep()


async def keep(session: WriteSession, row: Mapping[str, Any]) -> None:
    """Remember what was told last of a referral; a repeated or older word changes nothing."""
    await session.execute(_KEEP, dict(row))


def issuer_of_visit(kept: ColumnElement[str]) -> ColumnElement[str]:
    """Who referred the visit's patient to this facility, for use beside ``encounters``; or NULL.

    A referral counts for visits that begin within its validity, whichever of event and visit
    came first; of several the one issued last.

    Args:
        kept: the id of whoever stands for the visit's person.
    """
    absorbed = person_merges.alias()
    meant = func.array(
        select(absorbed.c.absorbed_person_id)
        .where(absorbed.c.kept_person_id == kept, absorbed.c.in_force)
        .correlate(encounters, person_merges)
        .scalar_subquery()
    )
    day = cast(func.timezone("Asia/Shanghai", encounters.c.admitted_at), Date)
    return (
        select(referrals.c.from_facility)
        .where(
            referrals.c.person_id == any_(func.array_append(meant, cast(kept, String))),
            referrals.c.to_facility == encounters.c.facility_code,
            referrals.c.counts,
            day.between(referrals.c.issued_on, referrals.c.valid_to),
        )
        .order_by(referrals.c.issued_on.desc(), referrals.c.referral_id)
        .limit(1)
        .correlate(encounters, person_merges)
        .scalar_subquery()
    )
