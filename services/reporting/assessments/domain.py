"""Points of a subject, its grade and rank, and the money that hangs on it. Pure.

A score is a Decimal of at most 100 with two places, half-up; money in fen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

SanctionKind = Literal["notice", "summons", "admonition", "transfer"]
SANCTION_WORDS: Final[Mapping[SanctionKind, str]] = {
    "notice": "通报",
    "summons": "约谈主要负责人",
    "admonition": "诫勉谈话",
    "transfer": "移交有关部门",
}
"""XB-46."""
_CENT: Final = Decimal("0.01")
WHOLE: Final = 100


@dataclass(frozen=True)
class Points:
    """What a subject got for one thing."""

    code: str
    part: Literal["online", "on_site"]
    most: Decimal
    got: Decimal | None
    """None: not applicable to the subject, or not sampled."""
    basis: str
    """The figures behind it, in words that need no language."""


@dataclass(frozen=True)
class Score:
    """A subject's result."""

    subject: str
    name_zh: str
    points: tuple[Points, ...]
    online: Decimal | None
    on_site: Decimal | None
    total: Decimal | None
    """None: one of the two parts (XB-52) is missing."""
    grade: str | None
    rank: int | None = None


@dataclass(frozen=True)
class Sampled:
    """All samples of an item at a subject."""

    checked: int
    passed: int


def share_reached(figure: Mapping[str, Any]) -> Decimal | None:
    """How much of its target a figure reaches, from 0 to 1; None: not applicable or no target.

    At least: value ÷ target. At most: 1 up to the target, and from there straight down to 0 at
    twice the target. Compared from numerator and denominator, not from the rounded value.
    """
    denominator = Decimal(str(figure["denominator"]))
    if figure["target"] is None or not denominator:
        return None
    value = Decimal(str(figure["numerator"])) / denominator
    target = Decimal(str(figure["target"]))
    if figure["status"] == "met":
        return Decimal(1)
    if figure["direction"] == "at_most":
        return Decimal(0) if not target else _bounded(1 - (value - target) / target)
    return Decimal(1) if not target else _bounded(value / target)


def _bounded(value: Decimal) -> Decimal:
    return min(Decimal(1), max(Decimal(0), value))


def score(
    subject: str,
    name_zh: str,
    online: Mapping[str, int],
    figures: Mapping[str, Mapping[str, Any]],
    on_site: Mapping[str, int],
    samples: Mapping[str, Sampled],
    grades: Sequence[tuple[str, int]],
) -> Score:
    """A subject's points.

    Args:
        online: points by indicator; those that are not applicable are left out, and the others
            count for the whole part.
        figures: the subject's figures by indicator, as the API tells them.
        on_site: points by item; items without a sample are left out likewise.
        samples: what was checked, by item.
        grades: from which score on, the best first.
    """
    points = [
        *(
            Points(code, "online", Decimal(most), _of(most, share), _figure(figures.get(code)))
            for code, most in online.items()
            for share in [share_reached(figures[code]) if code in figures else None]
        ),
        *(
            Points(
                code,
                "on_site",
                Decimal(most),
                _of(most, Decimal(found.passed) / found.checked if found else None),
                f"{found.passed}/{found.checked}" if found else "—",
            )
            for code, most in on_site.items()
            for found in [samples.get(code)]
        ),
    ]
    first, second = (_part(points, part) for part in ("online", "on_site"))
    total = None if first is None or second is None else first + second
    grade = None if total is None else next(name for name, least in grades if total >= least)
    return Score(subject, name_zh, tuple(points), first, second, total, grade)


def _of(most: int, share: Decimal | None) -> Decimal | None:
    return None if share is None else _rounded(most * share)


def _figure(figure: Mapping[str, Any] | None) -> str:
    return "—" if figure is None else f"{figure['numerator']}/{figure['denominator']}"


def _part(points: Iterable[Points], part: str) -> Decimal | None:
    """A part's points, scaled to its whole where something of it does not apply."""
    own = [each for each in points if each.part == part]
    counted = [each for each in own if each.got is not None]
    if not counted:
        return None
    got = sum((each.got or Decimal(0) for each in counted), Decimal(0))
    return _rounded(got * sum(each.most for each in own) / sum(each.most for each in counted))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def ranked(scores: Iterable[Score]) -> list[Score]:
    """The best first; equal scores share a rank and the next one is left out; unscored ones last."""
    ordered = sorted(
        scores, key=lambda each: (each.total is None, -(each.total or 0), each.subject)
    )
    found: list[Score] = []
    for place, each in enumerate(ordered, start=1):
        before = found[-1] if found else None
        rank: int | None = place
        if each.total is None:
            rank = None
        elif before is not None and before.total == each.total:
            rank = before.rank
        found.append(_with_rank(each, rank))
    return found


def _with_rank(each: Score, rank: int | None) -> Score:
    return Score(
        each.subject, each.name_zh, each.points, each.online, each.on_site, each.total,
        each.grade, rank,
    )  # fmt: skip


def linked(base_fen: int, ratio: Decimal) -> int:
    """What is paid of a base amount, in fen, half-up (SJ-43, SJ-27)."""
    return int((base_fen * ratio).quantize(Decimal(1), rounding=ROUND_HALF_UP))
