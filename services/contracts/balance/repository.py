"""All SQL of the balance sheet: each registered person of a day once, in one statement.

So the parts add up whatever is written meanwhile: a statement sees one moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, text

from shared.db.session import ReadSession

# Who was registered on the day and not merged into another one; where he lived then (an event of
# that day or before, the newest known; else the oldest home that was told); what holds then.
_PEOPLE = """
WITH who AS (
    SELECT p.person_id, p.household_id, p.region, home.township, home.village
    FROM people p
    LEFT JOIN LATERAL (
        SELECT h.township, h.village
        FROM person_homes h
        WHERE h.person_id = p.person_id
        ORDER BY (h.effective_on <= :day) DESC,
            CASE WHEN h.effective_on <= :day THEN -h.sequence ELSE h.sequence END
        LIMIT 1
    ) home ON true
    WHERE EXISTS (
        SELECT FROM jsonb_to_recordset(p.categories) AS c(valid_from date, valid_to date)
        WHERE c.valid_from <= :day AND (c.valid_to IS NULL OR c.valid_to >= :day)
    )
    AND NOT EXISTS (
        SELECT FROM person_merges m WHERE m.absorbed_person_id = p.person_id AND m.in_force
    )
), held AS (
    SELECT DISTINCT ON (who) COALESCE(m.kept_person_id, c.person_id) AS who, c.contract_id, c.team
    FROM contracts c
    LEFT JOIN person_merges m ON m.absorbed_person_id = c.person_id AND m.in_force
    WHERE c.in_force @> CAST(:day AS date)
    ORDER BY who, c.person_id <> COALESCE(m.kept_person_id, c.person_id), c.contract_id
), exempt AS (
    SELECT DISTINCT ON (who) COALESCE(m.kept_person_id, e.person_id) AS who, e.exemption_id,
        e.reason, e.valid_from, LEAST(e.valid_to, e.ended_on - 1) AS valid_to
    FROM exemptions e
    LEFT JOIN person_merges m ON m.absorbed_person_id = e.person_id AND m.in_force
    WHERE e.in_force @> CAST(:day AS date)
    ORDER BY who, e.person_id <> COALESCE(m.kept_person_id, e.person_id), e.exemption_id
), chronic AS (
    SELECT COALESCE(m.kept_person_id, ill.person_id) AS who
    FROM (
        SELECT person_id FROM disease_cases
        WHERE disease = ANY(:chronic) AND state <> 'withdrawn'
            AND found_on <= :day AND (closed_on IS NULL OR closed_on > :day)
        UNION
        SELECT person_id FROM enrolments
        WHERE programme = ANY(:chronic)
            AND started_on <= :day AND (ended_on IS NULL OR ended_on > :day)
    ) ill
    LEFT JOIN person_merges m ON m.absorbed_person_id = ill.person_id AND m.in_force
), sheet AS (
    SELECT who.*, held.contract_id, held.team, exempt.exemption_id, exempt.valid_from,
        exempt.valid_to,
        who.person_id IN (SELECT chronic.who FROM chronic) AS chronic,
        CASE WHEN held.who IS NOT NULL THEN 'signed' ELSE COALESCE(exempt.reason, 'unresolved') END
            AS bucket
    FROM who
    LEFT JOIN held ON held.who = who.person_id
    LEFT JOIN exempt ON exempt.who = who.person_id
    WHERE who.region = :region
        AND (CAST(:township AS text) IS NULL OR who.township = :township)
        AND (CAST(:village AS text) IS NULL OR who.village = :village)
)
"""
_COUNTS = text(
    f"""{_PEOPLE}
SELECT township, village, bucket, count(*) AS persons, count(*) FILTER (WHERE chronic) AS chronic
FROM sheet
GROUP BY township, village, bucket
"""  # noqa: S608 - two constants
)
_PERSONS = text(
    f"""{_PEOPLE}
SELECT * FROM sheet
WHERE (CAST(:bucket AS text) IS NULL OR bucket = :bucket)
    AND (CAST(:after AS text) IS NULL OR person_id > :after)
ORDER BY person_id
LIMIT :limit
"""  # noqa: S608 - two constants
)


# Ends at the first contract that holds; the newest day is asked for only where none does.
_HOLDS = text(
    "SELECT EXISTS (SELECT FROM contracts"
    " WHERE region = :region AND in_force @> CAST(:day AS date))"
)
_LAST_CHANGE = text("""
SELECT max(each.on_day) FROM (
    SELECT s."on" AS on_day FROM contract_steps s JOIN contracts c USING (contract_id)
    WHERE c.region = :region
    UNION ALL
    SELECT valid_from FROM exemptions WHERE region = :region
    UNION ALL
    SELECT h.effective_on FROM person_homes h JOIN people p USING (person_id)
    WHERE p.region = :region
) each
WHERE each.on_day <= :day AND EXISTS (
    SELECT FROM contracts WHERE region = :region AND valid_from <= :day
)
""")


@dataclass(frozen=True)
class Place:
    """Whose people count; nothing given: the whole county's."""

    region: str
    township: str | None = None
    village: str | None = None


async def last_change(session: ReadSession, region: str, day: date) -> date | None:
    """The newest day, until ``day``, of a contract's step, an exempt reason or a change of the roster.

    None: a contract holds on the day, or none ever did.
    """
    values = {"region": region, "day": day}
    if (await session.execute(_HOLDS, values)).scalar_one():
        return None
    found: date | None = (await session.execute(_LAST_CHANGE, values)).scalar_one()
    return found


async def counts(
    session: ReadSession, place: Place, day: date, chronic: tuple[str, ...]
) -> Sequence[RowMapping]:
    """``township, village, bucket, persons, chronic``, each bucket of each village once."""
    found = await session.execute(_COUNTS, _values(place, day, chronic))
    return found.mappings().all()


async def persons(
    session: ReadSession,
    place: Place,
    day: date,
    chronic: tuple[str, ...],
    *,
    bucket: str | None,
    limit: int,
    after: str | None,
) -> Sequence[RowMapping]:
    """A page of the persons behind the numbers, and one row more when there is a next page."""
    values = {**_values(place, day, chronic), "bucket": bucket, "after": after, "limit": limit + 1}
    found = await session.execute(_PERSONS, values)
    return found.mappings().all()


def _values(place: Place, day: date, chronic: tuple[str, ...]) -> dict[str, Any]:
    return {
        "region": place.region,
        "township": place.township,
        "village": place.village,
        "day": day,
        "chronic": list(chronic),
    }
