"""All SQL of the five groups: a person's facts, and of how many each group is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, RowMapping, insert, select, text

from services.contracts.health_record.domain import Drugs
from services.contracts.merges.repository import MERGES
from services.contracts.models import DiseaseCase, Dispensing, HomeVerification, Person
from shared.db.session import ReadSession, WriteSession

MOST_VISITS = 50
"""Home verifications that a person's record shows."""
_SERVICES: Final = text("""
SELECT
  (SELECT count(*) FROM follow_ups WHERE person_id = ANY(:members)) AS follow_ups,
  (SELECT max(timezone('Asia/Shanghai', performed_at)::date)
   FROM follow_ups WHERE person_id = ANY(:members)) AS follow_ups_last,
  (SELECT count(*) FROM check_ups WHERE person_id = ANY(:members)) AS check_ups,
  (SELECT max(performed_on) FROM check_ups WHERE person_id = ANY(:members)) AS check_ups_last,
  (SELECT count(*) FROM dispensings
   WHERE person_id = ANY(:members) AND status <> 'withdrawn') AS dispensings,
  (SELECT max(dispensed_on) FROM dispensings
   WHERE person_id = ANY(:members) AND status <> 'withdrawn') AS dispensings_last,
  (SELECT count(*) FROM referrals WHERE person_id = ANY(:members)) AS referrals,
  (SELECT max(issued_on) FROM referrals WHERE person_id = ANY(:members)) AS referrals_last,
  (SELECT count(*) FROM discharges d WHERE person_id = ANY(:members) AND NOT EXISTS
   (SELECT FROM cancelled_stays c WHERE c.encounter_id = d.encounter_id)) AS stays,
  (SELECT max(discharged_on) FROM discharges d WHERE person_id = ANY(:members) AND NOT EXISTS
   (SELECT FROM cancelled_stays c WHERE c.encounter_id = d.encounter_id)) AS stays_last
""")
_GAPS: Final = text("""
WITH meant AS (
  SELECT absorbed_person_id, kept_person_id FROM person_merges WHERE in_force
), facts AS (
  SELECT person_id, 'verified' AS fact FROM people
  WHERE poverty_cause IS NOT NULL OR categories @> '[{"code": "illness_impoverished_severe"}]'
  UNION ALL SELECT person_id, 'verified' FROM home_verifications
  UNION ALL SELECT person_id, 'diseased' FROM disease_cases WHERE state <> 'withdrawn'
  UNION ALL SELECT person_id, 'untreated' FROM disease_cases WHERE state = 'found'
  UNION ALL SELECT person_id, 'served' FROM contracts WHERE in_force @> CAST(:day AS date)
  UNION ALL SELECT person_id, 'served' FROM follow_ups
  UNION ALL SELECT person_id, 'served' FROM check_ups
  UNION ALL SELECT person_id, 'served' FROM referrals
  UNION ALL SELECT person_id, 'served' FROM discharges d WHERE NOT EXISTS
    (SELECT FROM cancelled_stays c WHERE c.encounter_id = d.encounter_id)
  UNION ALL SELECT person_id, each FROM dispensings, unnest(ARRAY['served', 'paid']) AS each
  WHERE status <> 'withdrawn'
  UNION ALL SELECT person_id, 'paid' FROM visit_costs v WHERE NOT EXISTS
    (SELECT FROM reversed_settlements r WHERE r.settlement_id = v.settlement_id)
), known AS (
  SELECT coalesce(m.kept_person_id, f.person_id) AS kept,
    bool_or(fact = 'verified') AS verified, bool_or(fact = 'diseased') AS diseased,
    bool_or(fact = 'untreated') AS untreated, bool_or(fact = 'served') AS served,
    bool_or(fact = 'paid') AS paid
  FROM facts f LEFT JOIN meant m ON m.absorbed_person_id = f.person_id
  GROUP BY 1
)
SELECT p.township, p.village, count(*) AS persons,
  count(*) FILTER (WHERE k.verified IS NOT TRUE) AS verification,
  count(*) FILTER (WHERE k.diseased IS NOT TRUE) AS diseases,
  count(*) FILTER (WHERE k.untreated) AS treatment,
  count(*) FILTER (WHERE k.served IS NOT TRUE) AS services,
  count(*) FILTER (WHERE k.paid IS NOT TRUE) AS costs
FROM people p LEFT JOIN known k ON k.kept = p.person_id
WHERE p.region = :region AND p.registered
  AND (CAST(:township AS text) IS NULL OR p.township = :township)
  AND NOT EXISTS (SELECT FROM meant m WHERE m.absorbed_person_id = p.person_id)
GROUP BY p.township, p.village
ORDER BY p.township NULLS LAST, p.village NULLS LAST
""")


async def poverty_cause(session: ReadSession, members: Sequence[str], kept: str) -> str | None:
    """What made a person poor, as told under his own id or, if it says nothing, another of his."""
    return await session.scalar(
        select(Person.poverty_cause)
        .where(Person.person_id.in_(members), Person.poverty_cause.is_not(None))
        .order_by(Person.person_id != kept, Person.person_id)
        .limit(1)
    )


async def add_verification(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(HomeVerification).values(values))


async def verifications(session: ReadSession, members: Sequence[str]) -> Sequence[HomeVerification]:
    """The home verifications of a person, the newest first."""
    found = await session.scalars(
        select(HomeVerification)
        .where(HomeVerification.person_id.in_(members))
        .order_by(HomeVerification.verified_on.desc(), HomeVerification.verification_id.desc())
        .limit(MOST_VISITS)
    )
    return found.all()


async def verifications_between(
    session: ReadSession,
    *,
    region: str,
    township: str | None,
    first: date | None,
    last: date | None,
    limit: int,
) -> Sequence[Row[HomeVerification, str, str | None]]:
    """Home verifications of some days, each with who stands for the person and his household.

    Args:
        session: to read with.
        region: whose.
        township: where; None: everywhere.
        first: the first day; None: from the beginning.
        last: the last day; None: until now.
        limit: how many, by place and day.
    """
    kept = MERGES.kept_or_self(HomeVerification.person_id)
    conditions = [HomeVerification.region == region]
    if township is not None:
        conditions.append(HomeVerification.township == township)
    if first is not None:
        conditions.append(HomeVerification.verified_on >= first)
    if last is not None:
        conditions.append(HomeVerification.verified_on <= last)
    found = await session.execute(
        select(HomeVerification, kept, Person.household_id)
        .outerjoin(Person, Person.person_id == kept)
        .where(*conditions)
        .order_by(
            HomeVerification.township,
            HomeVerification.village,
            HomeVerification.verified_on,
            HomeVerification.verification_id,
        )
        .limit(limit)
    )
    return found.all()


async def cases(session: ReadSession, members: Sequence[str]) -> Sequence[DiseaseCase]:
    """His diseases on the register, the newest first; not what was entered in error."""
    found = await session.scalars(
        select(DiseaseCase)
        .where(DiseaseCase.person_id.in_(members), DiseaseCase.state != "withdrawn")
        .order_by(DiseaseCase.found_on.desc(), DiseaseCase.case_id)
    )
    return found.all()


async def services(session: ReadSession, members: Sequence[str]) -> RowMapping:
    """How many services of each kind he had, and the last one's day."""
    found = await session.execute(_SERVICES, {"members": list(members)})
    return found.mappings().one()


async def drugs(session: ReadSession, members: Sequence[str]) -> Sequence[Drugs]:
    """The drugs that were handed to him and not taken back."""
    found = await session.scalars(
        select(Dispensing).where(
            Dispensing.person_id.in_(members), Dispensing.status != "withdrawn"
        )
    )
    return [
        Drugs(each.dispensed_on.year, each.total_fen, each.insured_fen, each.fund_fen)
        for each in found
    ]


async def gaps(
    session: ReadSession, *, region: str, township: str | None, day: date
) -> Sequence[RowMapping]:
    """Per village: registered persons, and how many of them lack each group.

    Args:
        session: to read with.
        region: whose.
        township: whose villages; None: all.
        day: on which a contract has to hold to count as a service.
    """
    found = await session.execute(_GAPS, {"region": region, "township": township, "day": day})
    return found.mappings().all()
