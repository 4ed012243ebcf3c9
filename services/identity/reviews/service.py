"""Use cases of reviews for recognition: opening one, and what persons have said before.

Deciding is in :mod:`services.identity.reviews.deciding`, showing in ``queue``, figures in
``reporting``; all are offered here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.reviews.deciding import decide
from services.identity.reviews.domain import drawn
from services.identity.reviews.names import ALIAS_COLUMN
from services.identity.reviews.questions import Credentials, fingerprint
from services.identity.reviews.queue import one, queue
from services.identity.reviews.reporting import figures
from services.identity.reviews.repository import ReviewRepository
from services.identity.reviews.words import sound_code
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.ids import new_id
from shared.runtime.context import ServiceContext

__all__ = [
    "Alias",
    "Judged",
    "Proposal",
    "aliases",
    "credentials_fingerprint",
    "decide",
    "dismissed",
    "figures",
    "judged",
    "looks_at_probable",
    "one",
    "open_review",
    "queue",
]

Proposal = tuple[UUID, float, Sequence[Mapping[str, Any]]]
"""A candidate: person, score, and evidence of ``field``, ``level``, ``weight`` each."""

_ROUNDS = 3


class ReasonMalformed(ValueError):
    """A reason of a review is a short code, never words: they could hold a name."""


@dataclass(frozen=True)
class Judged:
    """What persons have said about a question and some registered persons."""

    same: frozenset[UUID] = frozenset()
    different: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Alias:
    """Another way in which a person was written at a window."""

    kind: Literal["name", "id_number"]
    value: str = field(repr=False)


def credentials_fingerprint(context: ServiceContext, credentials: Credentials) -> bytes:
    """The key of a question: equal for the same credentials given another time.

    Args:
        context: of the service.
        credentials: the texts of a recognition, ``Credentials.model_dump(mode="json")``.
    """
    return fingerprint(context.vault, credentials, on=business_date(context.clock.now()))


def looks_at_probable(context: ServiceContext, recognition_id: UUID) -> bool:
    """Whether a probable recognition is in the sample that a person looks at."""
    share = settings_of(context).probable_sample_share
    return drawn(recognition_id, share, purpose="probable")


async def judged(
    session: AsyncSession, context: ServiceContext, question: bytes, person_ids: Collection[UUID]
) -> Judged:
    """What was said about these credentials and these persons, or whoever is merged with them."""
    if not person_ids:
        return Judged()
    repository = ReviewRepository(session, context.region.region_code)
    last: dict[UUID, str] = {}
    for row in await repository.judged(question, person_ids):
        last[row["person_id"]] = row["verdict"]
    return Judged(
        frozenset(each for each, verdict in last.items() if verdict == "same_person"),
        frozenset(each for each, verdict in last.items() if verdict == "different_person"),
    )


async def dismissed(
    session: AsyncSession, context: ServiceContext, question: bytes, person_ids: Collection[UUID]
) -> set[UUID]:
    """Of these persons those who, as a person has said, are not who gave these credentials."""
    return set((await judged(session, context, question, person_ids)).different)


async def open_review(
    session: WriteSession,
    context: ServiceContext,
    *,
    recognition_id: UUID,
    candidates: Iterable[Proposal],
    credentials_fingerprint: bytes,
    reasons: Sequence[str],
    now: datetime,
    double: bool | None = None,
) -> UUID | None:
    """Lay a recognition before a person; call it after the recognition was written.

    Whom a person has judged for this very question is not proposed again. A question that waits
    already is not asked twice: the recognition joins it and follows its answer.

    Args:
        session: of the recognition's transaction.
        context: of the service.
        recognition_id: of a recognition with the grade ``possible`` or ``probable``.
        candidates: the best first.
        credentials_fingerprint: of :func:`credentials_fingerprint`.
        reasons: codes.
        now: the moment of the recognition.
        double: whether two persons decide it; None: as the sample draws it.

    Returns:
        The review's id; None when nobody is left to be asked about.

    Raises:
        ReasonMalformed: a reason is not a code.
    """
    if not all(sound_code(code) for code in reasons):
        raise ReasonMalformed
    proposed = {person_id: (score, evidence) for person_id, score, evidence in candidates}
    if not proposed:
        return None
    repository = ReviewRepository(session, context.region.region_code)
    recognition = await repository.recognition(recognition_id)
    if recognition is None:
        raise LookupError("write the recognition before opening its review")
    review_id = new_id()
    opened = False
    for _ in range(_ROUNDS):
        opened = await repository.add(
            {
                "review_id": review_id,
                "recognition_id": recognition_id,
                "grade": recognition["grade"],
                "weights_version": recognition["weights_version"],
                "fingerprint": credentials_fingerprint,
                "reasons": list(dict.fromkeys(reasons)),
                "status": "open",
                "double": _by_two(context, review_id) if double is None else double,
                "opened_at": now,
            }
        )
        if opened:
            break
        waiting = await repository.waiting(credentials_fingerprint)
        if waiting is not None:
            await repository.join(waiting["review_id"], recognition_id, at=now)
            found: UUID = waiting["review_id"]
            return found
    if not opened:
        # Decided three times while we looked: the next visit asks again if it must.
        return None
    # Only now, under our own row: a decision that ended a moment ago is seen here.
    said = await judged(session, context, credentials_fingerprint, list(proposed))
    left = [person_id for person_id in proposed if person_id not in said.different]
    # A probable that was confirmed before needs no further look. A possible does: whoever was
    # found to be the person once is still without his benefits.
    if not left or (said.same and recognition["grade"] == "probable"):
        await repository.take_back(review_id)
        return None
    await repository.add_candidates(
        [
            {
                "review_id": review_id,
                "person_id": person_id,
                "position": position,
                "score": float(proposed[person_id][0]),
                "evidence": [
                    {name: item[name] for name in ("field", "level", "weight")}
                    for item in proposed[person_id][1]
                ],
            }
            for position, person_id in enumerate(left, start=1)
        ]
    )
    await repository.join(review_id, recognition_id, at=now)
    return review_id


def _by_two(context: ServiceContext, review_id: UUID) -> bool:
    return drawn(review_id, settings_of(context).double_review_share, purpose="double")


async def aliases(
    session: AsyncSession, context: ServiceContext, person_ids: Collection[UUID]
) -> dict[UUID, tuple[Alias, ...]]:
    """Other ways in which these persons were written, as reviews have found; for an index."""
    if not person_ids:
        return {}
    repository = ReviewRepository(session, context.region.region_code)
    found: dict[UUID, tuple[Alias, ...]] = {}
    for row in await repository.aliases(person_ids):
        alias = Alias(row["kind"], context.vault.decrypt(row["value_enc"], column=ALIAS_COLUMN))
        found[row["person_id"]] = (*found.get(row["person_id"], ()), alias)
    return found
