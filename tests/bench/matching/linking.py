"""Two files linked by the product's scoring and learning, without labels."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from services.identity.matching.learning import Pass, flat_prior, learn_weights, observe
from services.identity.matching.scoring import (
    FieldSpec,
    Frequencies,
    Levels,
    Model,
    Weights,
    count_values,
    total,
)
from tests.bench.matching.febrl_model import (
    Record,
    birth_keys,
    block,
    candidate_keys,
    full_name_keys,
)

RANDOM_ROUNDS = 20
"""Random pairs a record; with 5,000 records 100,000 pairs."""
LEAST_BITS = -16.0
"""Pairs below these odds are dropped before the frequencies of their values are looked at."""
_NAMES = frozenset({"given_name", "surname"})


@dataclass(frozen=True)
class Link:
    """A pair that the assignment made, and the belief in it, in bits of odds."""

    asked: str
    registered: str
    belief: float


def learn(
    model: Model[Record, Record], asked: Sequence[Record], registered: Sequence[Record]
) -> Weights:
    """Weights from blocked pairs and random pairs of the two files."""
    asked = sorted(asked, key=lambda record: record.key)
    registered = sorted(registered, key=lambda record: record.key)

    def passing(keys: object, *blocked: str) -> Pass:
        pairs = block(asked, registered, keys)  # type: ignore[arg-type]
        patterns = observe(model, ((asked[one], registered[other]) for one, other in pairs))
        return Pass(patterns, frozenset(blocked))

    passes = [passing(birth_keys, "date_of_birth"), passing(full_name_keys, *_NAMES)]
    return learn_weights(
        model,
        random=observe(model, _random_pairs(asked, registered)),
        passes=passes,
        prior=flat_prior(model),
        prior_bits=-math.log2(len(registered)),
        frequencies={
            spec.name: table
            for spec in model.fields
            if (table := _frequencies(spec, registered)) is not None
        },
    )


def _frequencies(
    spec: FieldSpec[Record, Record], registered: Sequence[Record]
) -> Frequencies | None:
    if spec.name == "date_of_birth":
        return _shares_of_others(spec, registered)
    return count_values(spec, registered, least=1)


def _shares_of_others(spec: FieldSpec[Record, Record], registered: Sequence[Record]) -> Frequencies:
    """How likely a stranger bears the value too, of values that nearly everybody bears alone.

    The bearer himself is no stranger: where he is counted, as for names, the day that nobody shares
    would seem one in so many people instead of one in all the days there are. That is how often two
    records agree at all; to it come those who are known to share the day.
    """
    bearers = Counter(value for record in registered for value in spec.values(record))  # type: ignore[misc]
    people = sum(bearers.values())
    # How many others a record agrees with, on average.
    by_chance = sum(count * (count - 1) for count in bearers.values()) / (people - 1)
    shared = {value: count - 1 + by_chance for value, count in bearers.items() if count > 1}
    return Frequencies(people - 1, shared, by_chance / (people - 1))


def _random_pairs(
    asked: Sequence[Record], registered: Sequence[Record]
) -> list[tuple[Record, Record]]:
    """Pairs at fixed distances in the order of keys: no two of them by design of one person."""
    size = len(registered)
    strides = [1 + size * step // RANDOM_ROUNDS for step in range(RANDOM_ROUNDS)]
    return [
        (record, registered[(place + stride) % size])
        for stride in strides
        for place, record in enumerate(asked)
    ]


def scored(
    model: Model[Record, Record],
    weights: Weights,
    asked: Sequence[Record],
    registered: Sequence[Record],
) -> dict[tuple[int, int], float]:
    """Bits of odds of every pair that blocking brings together and that could be a link."""
    names = [spec.name for spec in model.fields]
    remembered: dict[Levels, float] = {}
    scores: dict[tuple[int, int], float] = {}
    for one, other in block(asked, registered, candidate_keys(names)):
        levels = model.levels(asked[one], registered[other])
        plain = remembered.get(levels)
        if plain is None:
            plain = remembered[levels] = weights.prior + sum(
                weights.bits[name][level]
                for name, level in zip(names, levels, strict=True)
                if level is not None
            )
        if plain > LEAST_BITS:
            scores[one, other] = total(model, weights, levels, registered[other]) + weights.prior
    return scores


def assigned(
    scores: dict[tuple[int, int], float], asked: Sequence[Record], registered: Sequence[Record]
) -> list[Link]:
    """The most believed pairs first, each record once.

    Args:
        scores: bits of odds that a pair is of one person, each pair taken alone.
    """
    odds = {pair: 2.0**bits for pair, bits in scores.items()}
    of_asked: dict[int, list[float]] = defaultdict(list)
    of_registered: dict[int, list[float]] = defaultdict(list)
    for (one, other), value in odds.items():
        of_asked[one].append(value)
        of_registered[other].append(value)
    beliefs = []
    for (one, other), value in odds.items():
        # Summed exactly, or the sure pairs would lose their rivals to rounding.
        rivals = math.fsum((*of_asked[one], *of_registered[other], -2 * value, 2.0))
        beliefs.append((math.log2(value / rivals), one, other))
    beliefs.sort(key=lambda item: (-item[0], asked[item[1]].key, registered[item[2]].key))
    taken_asked: set[int] = set()
    taken_registered: set[int] = set()
    links: list[Link] = []
    for belief, one, other in beliefs:
        if one in taken_asked or other in taken_registered:
            continue
        taken_asked.add(one)
        taken_registered.add(other)
        links.append(Link(asked[one].key, registered[other].key, belief))
    return links


def answered(
    scores: dict[tuple[int, int], float], asked: Sequence[Record], registered: Sequence[Record]
) -> list[Link]:
    """The best registered record of each asked one, believed against its rivals.

    This is what a window does: one question, and a register that has nobody twice.
    """
    odds = {pair: 2.0**bits for pair, bits in scores.items()}
    of_asked: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for (one, other), value in odds.items():
        of_asked[one].append((value, other))
    links: list[Link] = []
    for one, found in of_asked.items():
        value, other = max(found, key=lambda item: (item[0], registered[item[1]].key))
        rivals = math.fsum((*(each for each, _ in found), -value, 1.0))
        links.append(Link(asked[one].key, registered[other].key, math.log2(value / rivals)))
    return links


def unassigned(
    scores: dict[tuple[int, int], float], asked: Sequence[Record], registered: Sequence[Record]
) -> list[Link]:
    """Every pair by its own score alone, as if a person could be in a file any number of times."""
    return [
        Link(asked[one].key, registered[other].key, bits) for (one, other), bits in scores.items()
    ]
