"""The way of a review from question to answer, and the figures of many. Pure.

A review is decided by one person; a sample by two who do not know of each other's word, and by a
third where the two disagree.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

Outcome = Literal["same_person", "different_person"]
Status = Literal["open", "second", "disputed", "decided"]

_HASH_BYTES = 8
_HASH_RANGE = 256**_HASH_BYTES
_Z_95 = 1.959964
"""Two-sided 95 % of the normal distribution."""


@dataclass(frozen=True)
class Word:
    """What one person said."""

    decider: str
    outcome: Outcome
    person_id: UUID | None = None

    def agrees(self, other: Word) -> bool:
        return (self.outcome, self.person_id) == (other.outcome, other.person_id)


def drawn(subject: UUID, share: float, *, purpose: str) -> bool:
    """Whether a sample of ``share`` (0 to 1) takes the subject: by hash, so always the same."""
    digest = hashlib.sha256(purpose.encode() + subject.bytes).digest()
    return int.from_bytes(digest[:_HASH_BYTES], "big") < share * float(_HASH_RANGE)


def status_after(words: Sequence[Word], *, double: bool) -> tuple[Status, Word | None]:
    """Where the review stands after these words, and the one that counts once it is decided.

    The third word decides a dispute, whomever it joins: with several candidates it may join
    neither of the two.
    """
    if not words:
        return "open", None
    if not double:
        return "decided", words[-1]
    if len(words) == 1:
        return "second", None
    first, second, *third = words
    if first.agrees(second):
        return "decided", second
    return ("decided", third[0]) if third else ("disputed", None)


@dataclass(frozen=True)
class Decided:
    """A decided review, as the figures need it."""

    month: date
    """The first day of the month of the decision."""
    grade: str
    weights_version: str
    outcome: Outcome
    confirmed: bool
    """The person found is the best candidate that recognition had proposed."""
    words: tuple[Word, ...]
    """In order; two or three of a review that was decided twice."""


@dataclass(frozen=True)
class Share:
    """A share of counted cases with its 95 % interval (Wilson, JASA 22, 1927)."""

    count: int
    total: int

    @property
    def value(self) -> float | None:
        return round(self.count / self.total, 4) if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.total:
            return None
        n, p, z2 = self.total, self.count / self.total, _Z_95**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        reach = _Z_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return round(max(0.0, middle - reach), 4), round(min(1.0, middle + reach), 4)


PROMISED_PRECISION = 0.97
"""What ``probable`` promises; see ``matching.decision``."""


LEAST_REVIEWED = 20
"""With fewer reviews a single mistake would raise an alarm."""


def below_promise(share: Share) -> bool:
    """Whether the whole interval lies below what was promised: chance alone does not explain it."""
    return (
        share.total >= LEAST_REVIEWED
        and share.interval is not None
        and share.interval[1] < PROMISED_PRECISION
    )


@dataclass(frozen=True)
class Figures:
    """Of the reviews decided in one month with one table of weights."""

    month: date
    weights_version: str
    decided: int
    probable: Share
    """Precision of ``probable``: of those looked at, who was indeed the person told."""
    possible: Share
    """Of the ``possible``, where one of the candidates was the patient."""
    agreement: Share
    """Of the reviews decided by two, where both said the same."""


def figures(reviews: Iterable[Decided]) -> list[Figures]:
    """Figures by month and table of weights, newest month first."""
    groups: dict[tuple[date, str], list[Decided]] = {}
    for review in reviews:
        groups.setdefault((review.month, review.weights_version), []).append(review)
    return [
        _of_group(month, version, groups[month, version])
        for month, version in sorted(groups, key=lambda key: (-key[0].toordinal(), key[1]))
    ]


def _of_group(month: date, version: str, reviews: Sequence[Decided]) -> Figures:
    probable = [r for r in reviews if r.grade == "probable"]
    possible = [r for r in reviews if r.grade == "possible"]
    twice = [r for r in reviews if len(r.words) > 1]
    return Figures(
        month=month,
        weights_version=version,
        decided=len(reviews),
        probable=Share(sum(r.confirmed for r in probable), len(probable)),
        possible=Share(sum(r.outcome == "same_person" for r in possible), len(possible)),
        agreement=Share(sum(r.words[0].agrees(r.words[1]) for r in twice), len(twice)),
    )
