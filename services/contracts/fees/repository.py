"""All SQL about fees: what was done, what was paid, statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    RowMapping,
    String,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.contracts.fees.domain import Agreement, Service, Span
from services.contracts.follow_up.domain import ATTEMPTS
from services.contracts.models import CheckUp, FeeLine, FeeStatement
from shared.db.session import ReadSession, WriteSession

# Everything that counts as service on record. Times are business days in Asia/Shanghai.
_SERVICES = """
  SELECT follow_up_id::text AS service_id, person_id, team,
         timezone('Asia/Shanghai', performed_at)::date AS done_on
  FROM follow_ups WHERE outcome <> ALL(:no_service)
  UNION ALL
  SELECT check_up_id::text, person_id, team, performed_on FROM check_ups
  UNION ALL
  SELECT dispensing_id::text, person_id, team, dispensed_on FROM dispensings
  WHERE status <> 'withdrawn'
"""
_KEPT = """
  coalesce((SELECT m.kept_person_id FROM person_merges m
            WHERE m.absorbed_person_id = {column} AND m.in_force), {column})
"""
_SERVED = text(f"""
SELECT DISTINCT {_KEPT.format(column="s.person_id")} AS person_id
FROM ({_SERVICES}) AS s WHERE s.team = :team AND s.done_on BETWEEN :first AND :last
""")  # noqa: S608 - made of constants
_MEANT = """
meant AS (
  SELECT unnest(CAST(:persons AS text[])) AS kept, unnest(CAST(:persons AS text[])) AS person_id
  UNION ALL
  SELECT kept_person_id, absorbed_person_id FROM person_merges
  WHERE in_force AND kept_person_id = ANY(:persons)
)
"""
_DONE = text(f"""
WITH {_MEANT}
SELECT meant.kept, s.service_id, s.team, s.done_on
FROM ({_SERVICES}) AS s JOIN meant ON meant.person_id = s.person_id
WHERE s.done_on <= :last
""")  # noqa: S608 - made of constants
_AGREEMENTS = text(f"""
WITH {_MEANT}
SELECT meant.kept, c.contract_id::text AS contract_id, c.team, c.valid_from,
       c.valid_to + 1 AS term_before, coalesce(c.ended_on, c.valid_to + 1) AS ends_before
FROM contracts c JOIN meant ON meant.person_id = c.person_id
WHERE c.valid_from IS NOT NULL AND c.end_reason IS DISTINCT FROM 'entered_in_error'
""")  # noqa: S608 - made of constants
_PAID = text(f"""
WITH {_MEANT}
SELECT meant.kept, l.year_from, l.year_before
FROM fee_lines l JOIN meant ON meant.person_id = l.person_id
WHERE l.use = 'contract_fee'
""")  # noqa: S608 - made of constants
_WITHOUT_SERVICE = f"""
FROM contracts c
WHERE c.team = :team AND c.valid_from <= :last
  AND coalesce(c.ended_on, c.valid_to + 1) > :first
  AND c.end_reason IS DISTINCT FROM 'entered_in_error'
  AND NOT EXISTS (
    SELECT FROM ({_SERVICES}) AS s
    WHERE {_KEPT.format(column="s.person_id")} = {_KEPT.format(column="c.person_id")}
      AND s.team = c.team AND s.done_on <= :last AND s.done_on >= c.valid_from
      AND s.done_on < coalesce(c.ended_on, c.valid_to + 1)
  )
"""
_UNSERVED = text(f"SELECT count(*) {_WITHOUT_SERVICE}")
_UNSERVED_CONTRACTS = text(f"""
SELECT {_KEPT.format(column="c.person_id")} AS person_id, c.valid_from,
  -- greatest() passes over what is not known: of a contract that holds only the term counts.
  least(c.valid_to, greatest(c.valid_from, coalesce(c.ended_on - 1, c.valid_to))) AS valid_to,
  c.township,
  c.village {_WITHOUT_SERVICE} ORDER BY c.township, c.village, c.contract_id LIMIT :limit
""")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('fees ' || :team, 0))")


@dataclass(frozen=True)
class Record:
    """What is known of one person's contracts, services and paid years."""

    person_id: str
    agreements: tuple[Agreement, ...]
    services: tuple[Service, ...]
    paid: tuple[Span, ...]


async def served(session: ReadSession, *, team: str, first: date, last: date) -> list[str]:
    """Whom a team served from ``first`` to ``last``, by the id of whoever stands for him."""
    rows = await session.scalars(
        _SERVED,
        {
            "team": team,
            "first": first,
            "last": last,
            "no_service": sorted(ATTEMPTS),
        },
    )
    return sorted(rows)


async def records_of(session: ReadSession, persons: Sequence[str], *, last: date) -> list[Record]:
    """Everything about these persons that decides their fees, services up to ``last``."""
    asked: dict[str, Any] = {"persons": list(persons)}
    done: Mapping[str, list[Service]] = defaultdict(list)
    more = {"last": last, "no_service": sorted(ATTEMPTS)}
    for row in await session.execute(_DONE, asked | more):
        done[row.kept].append(Service(row.service_id, row.team, row.done_on))
    held: Mapping[str, list[Agreement]] = defaultdict(list)
    for row in await session.execute(_AGREEMENTS, asked):
        held[row.kept].append(
            Agreement(row.contract_id, row.team, row.valid_from, row.term_before, row.ends_before)
        )
    paid: Mapping[str, list[Span]] = defaultdict(list)
    for row in await session.execute(_PAID, asked):
        paid[row.kept].append(Span(row.year_from, row.year_before))
    return [
        Record(person, tuple(held[person]), tuple(done[person]), tuple(paid[person]))
        for person in persons
    ]


async def check_ups_due(
    session: ReadSession, *, team: str, first: date, last: date
) -> Sequence[CheckUp]:
    """The team's check-ups of those days that are to be paid and stand on no statement."""
    asked = exists().where(
        FeeLine.use == "check_up", FeeLine.service_id == cast(CheckUp.check_up_id, String)
    )
    found = await session.scalars(
        select(CheckUp)
        .where(
            CheckUp.team == team, CheckUp.performed_on.between(first, last), CheckUp.paid, ~asked
        )
        .order_by(CheckUp.performed_on, CheckUp.check_up_id)
    )
    return found.all()


async def unserved(session: ReadSession, *, team: str, first: date, last: date) -> int:
    """Contracts of the team in the month that no service is on record for."""
    found = await session.scalar(
        _UNSERVED, {"team": team, "first": first, "last": last, "no_service": sorted(ATTEMPTS)}
    )
    return int(found or 0)


async def unserved_contracts(
    session: ReadSession, *, team: str, first: date, last: date, limit: int
) -> Sequence[RowMapping]:
    """Those contracts: ``person_id`` (of whoever stands for him), term and home."""
    found = await session.execute(
        _UNSERVED_CONTRACTS,
        {"team": team, "first": first, "last": last, "no_service": sorted(ATTEMPTS),
         "limit": limit},
    )  # fmt: skip
    return found.mappings().all()


async def lines_of(
    session: ReadSession, *, team: str, first: date, last: date
) -> Sequence[FeeLine]:
    """Lines of statements for a team's work of those days."""
    found = await session.scalars(
        select(FeeLine)
        .where(FeeLine.team == team, FeeLine.done_on.between(first, last))
        .order_by(FeeLine.done_on, FeeLine.line_id)
    )
    return found.all()


async def statements_of(session: ReadSession, *, team: str, period: str) -> Sequence[FeeStatement]:
    """A team's statements of a month, oldest first."""
    found = await session.scalars(
        select(FeeStatement)
        .where(FeeStatement.team == team, FeeStatement.period == period)
        .order_by(FeeStatement.number)
    )
    return found.all()


async def hold(session: WriteSession, team: str) -> int:
    """Let nobody else issue a statement of the team; gives the number of the next one."""
    await session.execute(_ONE_AT_A_TIME, {"team": team})
    last = await session.scalar(
        select(func.max(FeeStatement.number)).where(FeeStatement.team == bindparam("of_team")),
        {"of_team": team},
    )
    return int(last or 0) + 1


async def add_statement_with_lines(
    session: WriteSession, header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Keep a statement with those lines whose year has not been paid for; gives them.

    A year that another team was paid for in the same moment falls out; with no line left no
    statement is kept.
    """
    if not rows:
        return []
    amount = sum(row["amount_fen"] for row in rows)
    await session.execute(
        insert(FeeStatement), dict(header) | {"count": len(rows), "amount_fen": amount}
    )
    kept = []
    for row in rows:
        added = await session.execute(
            pg_insert(FeeLine).values(dict(row)).on_conflict_do_nothing().returning(FeeLine.line_id)
        )
        if added.scalar_one_or_none() is not None:
            kept.append(row)
    this = FeeStatement.statement_id == header["statement_id"]
    if not kept:
        await session.execute(delete(FeeStatement).where(this))
    elif len(kept) < len(rows):
        amount = sum(row["amount_fen"] for row in kept)
        await session.execute(
            update(FeeStatement).where(this).values(count=len(kept), amount_fen=amount)
        )
    return kept
