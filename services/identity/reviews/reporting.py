"""Figures of reviews: how good the grades are, how well reviewers agree, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.merges.domain import Group
from services.identity.merges.repository import MergeRepository
from services.identity.reviews import domain
from services.identity.reviews.figure_schemas import (
    DriftAnswer,
    FigureAnswer,
    FiguresAnswer,
    ShareAnswer,
    WaitingAnswer,
    WeightsMoveAnswer,
)
from services.identity.reviews.names import seen_by
from services.identity.reviews.repository import ReviewRepository
from services.identity.weights.domain import MOST_SHIFT_BITS
from services.identity.weights.drift import LearnedTable, learned_tables
from shared.clock import business_date, start_of_business_day
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

RECENT_MONTHS = 3
"""Months whose reviews say whether ``probable`` keeps its promise."""
_MONTHS_OF_A_YEAR = 12


async def figures(
    session: AsyncSession, context: ServiceContext, caller: Principal, *, months: int
) -> FiguresAnswer:
    """Figures of the last months by table of weights, the current month included."""
    mine, township = seen_by(caller)
    since = _months_back(business_date(context.clock.now()), months - 1)
    if not mine:
        return FiguresAnswer(since=since, waiting=_waiting({}), items=[], drift=None)
    repository = ReviewRepository(session, context.region.region_code)
    decided = await _reviews(session, context, since, township=township)
    waiting = await repository.waiting_counts(township=township)
    drift = None
    if township is None:
        drift = _drift(
            await recent_precision(session, context), await learned_tables(session, context)
        )
    return FiguresAnswer(
        since=since,
        waiting=_waiting(waiting),
        drift=drift,
        items=[
            FigureAnswer(
                month=each.month,
                weights_version=each.weights_version,
                decided=each.decided,
                probable_precision=_share(each.probable),
                possible_found=_share(each.possible),
                double_agreement=_share(each.agreement),
            )
            for each in domain.figures(decided)
        ],
    )


async def recent_precision(session: AsyncSession, context: ServiceContext) -> domain.Share:
    """Precision of ``probable`` in the reviews of the last months, whatever the weights."""
    since = _months_back(business_date(context.clock.now()), RECENT_MONTHS - 1)
    decided = await _reviews(session, context, since, township=None)
    probable = [each for each in decided if each.grade == "probable"]
    return domain.Share(sum(each.confirmed for each in probable), len(probable))


def _drift(precision: domain.Share, tables: Sequence[LearnedTable]) -> DriftAnswer:
    return DriftAnswer(
        months=RECENT_MONTHS,
        probable_precision=_share(precision),
        promised=domain.PROMISED_PRECISION,
        precision_warning=domain.below_promise(precision),
        most_shift_bits=MOST_SHIFT_BITS,
        weights=[
            WeightsMoveAnswer(
                version=each.version,
                learned_at=each.learned_at,
                people=each.people,
                field=each.moved.field if each.moved else None,
                shift_bits=each.moved.bits if each.moved else None,
                warning=each.moved is not None and each.moved.warning,
            )
            for each in tables
        ],
    )


async def _reviews(
    session: AsyncSession, context: ServiceContext, since: date, *, township: str | None
) -> list[domain.Decided]:
    repository = ReviewRepository(session, context.region.region_code)
    rows = await repository.decided_since(start_of_business_day(since), township=township)
    said: dict[UUID, list[domain.Word]] = {}
    for word in await repository.words([row["review_id"] for row in rows]):
        said.setdefault(word["review_id"], []).append(
            domain.Word(word["decider"], word["decision"], word["person_id"])
        )
    named = {each for row in rows for each in (row["person_id"], row["proposed"]) if each}
    groups = await MergeRepository(session, context.region.region_code).groups(named)
    return [_decided(row, tuple(said.get(row["review_id"], ())), groups) for row in rows]


def _decided(
    row: RowMapping, words: tuple[domain.Word, ...], groups: dict[UUID, Group]
) -> domain.Decided:
    person, proposed = groups.get(row["person_id"]), groups.get(row["proposed"])
    return domain.Decided(
        month=business_date(row["decided_at"]).replace(day=1),
        grade=row["grade"],
        weights_version=row["weights_version"],
        outcome=row["outcome"],
        confirmed=person is not None and proposed is not None and person.kept == proposed.kept,
        words=words,
    )


def _waiting(counts: Mapping[str, tuple[int, datetime]]) -> WaitingAnswer:
    oldest = min((since for _, since in counts.values()), default=None)
    return WaitingAnswer.model_validate(
        {
            **{name: counts.get(name, (0, None))[0] for name in ("open", "second", "disputed")},
            "oldest_opened_at": oldest,
        }
    )


def _share(share: domain.Share) -> ShareAnswer:
    low, high = share.interval or (None, None)
    return ShareAnswer(count=share.count, total=share.total, value=share.value, low=low, high=high)


def _months_back(day: date, months: int) -> date:
    count = day.year * _MONTHS_OF_A_YEAR + day.month - 1 - months
    return date(count // _MONTHS_OF_A_YEAR, count % _MONTHS_OF_A_YEAR + 1, 1)
