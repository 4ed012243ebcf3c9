"""Weights learned without labels: how often levels occur among pairs, told apart by EM.

Pairs come from *passes*, each of pairs that agree on some fields (blocking) and may be of one
person, and from random pairs, which hardly ever are. The fields are taken as independent within
each class (conditional independence). m is learned from the passes, each field from those that do
not block on it; u from the random pairs, of which the few that are matches are weighed out by the
same posterior. Both are held by a Dirichlet prior, so that a roster with few double registrations
stays near the agreed table, and one with many departs from it.

Pairs are counted by pattern before anything is computed, and the patterns are taken in sorted
order: neither the order of people nor any random number has an influence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.identity.matching.scoring import (
    Frequencies,
    Levels,
    Model,
    P,
    Q,
    Weights,
    rounded,
)

Table = dict[str, dict[str, float]]

_MOST_ROUNDS = 200
_SETTLED = 1e-6
_START_MATCHING = 0.5
_LEAST_SHARE = 1e-9
_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Pass:
    """Patterns of the pairs of one blocking, and the fields on which they agree by its doing."""

    patterns: Mapping[Levels, int]
    blocked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Prior:
    """What is believed before any pair is seen.

    Attributes:
        m, u: by field and level, each field adding up to 1.
        m_pairs, u_pairs: how many observed pairs the belief is worth.
        fixed: fields that pairs of a roster cannot teach; they stay as believed.
    """

    m: Mapping[str, Mapping[str, float]]
    u: Mapping[str, Mapping[str, float]]
    m_pairs: float
    u_pairs: float
    fixed: frozenset[str] = frozenset()


def observe(model: Model[Q, P], pairs: Iterable[tuple[Q, P]]) -> Counter[Levels]:
    """How often each pattern of levels occurs among pairs."""
    return Counter(model.levels(asked, registered) for asked, registered in pairs)


def shares_among(
    model: Model[Any, Any],
    patterns: Mapping[Levels, int],
    believed: Mapping[str, Mapping[str, float]],
    worth: float,
) -> Table:
    """How often levels occur in the patterns of some pairs, held by a belief worth ``worth`` pairs.

    Args:
        believed: by field and level; other fields are left out.
    """
    counts = _weighed(believed, worth)
    names = [spec.name for spec in model.fields]
    for pattern, count in patterns.items():
        for name, level in zip(names, pattern, strict=True):
            if level is not None and name in counts:
                counts[name][level] += count
    return rounded_table(_normalised(counts))


def flat_prior(
    model: Model[Any, Any], *, m_first: float = 0.8, m_pairs: float = 10.0, u_pairs: float = 1.0
) -> Prior:
    """The prior of one who knows only that a field's first level is the likeliest of a match."""
    m: Table = {}
    u: Table = {}
    for spec in model.fields:
        others = len(spec.levels) - 1
        m[spec.name] = {
            level: m_first if place == 0 else (1 - m_first) / others
            for place, level in enumerate(spec.levels)
        }
        u[spec.name] = {
            level: 0.9 if place == others else 0.1 / others
            for place, level in enumerate(spec.levels)
        }
    return Prior(m, u, m_pairs, u_pairs)


def learn_weights(
    model: Model[Any, Any],
    *,
    random: Mapping[Levels, int],
    passes: Sequence[Pass],
    prior: Prior,
    prior_bits: float,
    frequencies: Mapping[str, Frequencies] | None = None,
) -> Weights:
    """Learn m and u by EM until they settle; see the module for what is assumed.

    Args:
        random: patterns of random pairs.
        passes: at least one has to leave each field unblocked, or its m stays the prior's.
        prior_bits: ``Weights.prior`` of the outcome.
        frequencies: tables by field for the outcome; they have no part in EM.
    """
    model_fields = [spec.name for spec in model.fields]
    table_m = {name: dict(levels) for name, levels in prior.m.items()}
    table_u = {name: dict(levels) for name, levels in prior.u.items()}
    sources = [_Source(model_fields, one.patterns, one.blocked) for one in passes]
    background = _Source(model_fields, random, frozenset(), matching=_LEAST_SHARE * 1e3)
    for _ in range(_MOST_ROUNDS):
        before = table_m
        m_counts = _weighed(prior.m, prior.m_pairs)
        u_counts = _weighed(prior.u, prior.u_pairs)
        bits = _log_ratios(table_m, table_u)
        for source in sources:
            source.expect(bits, matches=m_counts, others=None)
        background.expect(bits, matches=None, others=u_counts)
        table_m = _normalised(m_counts) | {name: dict(prior.m[name]) for name in prior.fixed}
        table_u = _normalised(u_counts) | {name: dict(prior.u[name]) for name in prior.fixed}
        if _distance(before, table_m) < _SETTLED:
            break
    return Weights(
        model=model.name,
        m=rounded_table(table_m),
        u=rounded_table(table_u),
        prior=prior_bits,
        frequencies=dict(frequencies or {}),
    )


class _Source:
    """Pairs of one origin with their share of matches, which EM estimates along with the rest."""

    def __init__(
        self,
        names: Sequence[str],
        patterns: Mapping[Levels, int],
        blocked: frozenset[str],
        *,
        matching: float = _START_MATCHING,
    ) -> None:
        self._matching = matching
        self._pairs = sum(patterns.values())
        merged: Counter[tuple[tuple[str, str], ...]] = Counter()
        for pattern, count in patterns.items():
            found = tuple(
                (name, level)
                for name, level in zip(names, pattern, strict=True)
                if level is not None and name not in blocked
            )
            merged[found] += count
        self._patterns = sorted(merged.items())

    def expect(self, bits: Table, *, matches: Table | None, others: Table | None) -> None:
        """Add the expected counts of each level among matches, and among the others."""
        if not self._pairs:
            return
        odds = math.log(self._matching / (1 - self._matching))
        expected = 0.0
        for pattern, count in self._patterns:
            posterior = _logistic(odds + sum(bits[name][level] for name, level in pattern))
            expected += posterior * count
            for name, level in pattern:
                if matches is not None:
                    matches[name][level] += posterior * count
                if others is not None:
                    others[name][level] += (1 - posterior) * count
        share = expected / self._pairs
        self._matching = min(max(share, _LEAST_SHARE), 1 - 1e-6)


def _logistic(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    grown = math.exp(value)
    return grown / (1 + grown)


def _weighed(table: Mapping[str, Mapping[str, float]], pairs: float) -> Table:
    return {
        name: {level: share * pairs for level, share in levels.items()}
        for name, levels in table.items()
    }


def _log_ratios(m: Table, u: Table) -> Table:
    return {
        name: {level: math.log(levels[level] / u[name][level]) for level in levels}
        for name, levels in m.items()
    }


def _normalised(counts: Table) -> Table:
    found: Table = {}
    for name, levels in counts.items():
        total = sum(levels.values())
        found[name] = {
            level: max(count / total, _LEAST_PROBABILITY) for level, count in levels.items()
        }
    return found


def rounded_table(table: Mapping[str, Mapping[str, float]]) -> Table:
    """Shares with as many digits as are kept."""
    return {
        name: {level: rounded(share) for level, share in levels.items()}
        for name, levels in table.items()
    }


def _distance(one: Table, other: Table) -> float:
    return max(
        abs(share - other[name][level])
        for name, levels in one.items()
        for level, share in levels.items()
    )
