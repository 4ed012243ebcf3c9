"""The product's weights learned from a roster, without labels; see ``learning`` for the method.

Two registrations of one person are rare in a roster and are its only matches, so the agreed table
stays the prior; what a roster teaches well is how often strangers agree, how often two of one
household do, and how common names are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice

from services.identity.matching.learning import Pass, learn_weights, observe, shares_among
from services.identity.matching.model import (
    AGREED_KIN,
    AGREED_PRIOR,
    BIRTH,
    NAME,
    PRODUCT,
    population_prior,
)
from services.identity.matching.records import Person, Query, as_query
from services.identity.matching.scoring import Model, Weights, count_values

LEAST_PEOPLE = 1_000
"""Below this the agreed weights stay in force."""
MOST_PEOPLE = 50_000
"""People compared; of a larger register every n-th in the order of ids."""
RANDOM_PAIRS = 100_000
KIN_PAIRS = 50_000
"""Pairs of one household compared, at most."""
_AGREED_KIN_PAIRS = 2_000.0
"""How many pairs of one household the agreed shares are worth."""
_LARGEST_BLOCK = 12
"""Larger blocks are common values: their pairs are strangers."""


def learn(
    people: Iterable[Person],
    *,
    model: Model[Query, Person] = PRODUCT,
    random_pairs: int = RANDOM_PAIRS,
) -> Weights | None:
    """Learn from registered people; the same people in any order give the same table.

    Args:
        model: the product's, with the region's merged villages.
        random_pairs: how many pairs of strangers to compare; 25 µs each.

    Returns:
        None when there are too few to learn from.
    """
    everybody = sorted(people, key=lambda person: person.key)
    if len(everybody) < LEAST_PEOPLE:
        return None
    step = -(-len(everybody) // MOST_PEOPLE)
    sample = everybody[::step]
    passes = [
        Pass(observe(model, _unrelated(_paired(sample, _birth))), frozenset({BIRTH})),
        Pass(observe(model, _unrelated(_paired(sample, _name))), frozenset({NAME})),
    ]
    learned = learn_weights(
        model,
        random=observe(model, _strangers(sample, random_pairs)),
        passes=passes,
        prior=AGREED_PRIOR,
        prior_bits=population_prior(len(everybody)),
        frequencies={
            spec.name: table
            for spec in model.fields
            if (table := count_values(spec, everybody)) is not None
        },
    )
    relatives = islice(_paired(everybody, _household), KIN_PAIRS)
    kin = observe(model, ((as_query(one), other) for one, other in relatives))
    return replace(learned, kin=shares_among(model, kin, AGREED_KIN, _AGREED_KIN_PAIRS))


def _birth(person: Person) -> Hashable:
    return person.birth_date


def _household(person: Person) -> Hashable:
    return person.household_id


def _name(person: Person) -> Hashable:
    return person.name.folded if person.name is not None else None


def _unrelated(pairs: Iterable[tuple[Person, Person]]) -> Iterator[tuple[Query, Person]]:
    """Two of one household are two: twins are no double registration of one person."""
    for one, other in pairs:
        if one.household_id is None or one.household_id != other.household_id:
            yield as_query(one), other


def _paired(
    people: Sequence[Person], key: Callable[[Person], Hashable]
) -> Iterator[tuple[Person, Person]]:
    blocks: dict[Hashable, list[Person]] = defaultdict(list)
    for person in people:
        found = key(person)
        if found is not None:
            blocks[found].append(person)
    for block in blocks.values():
        if len(block) <= _LARGEST_BLOCK:
            yield from combinations(block, 2)


def _strangers(people: Sequence[Person], wanted: int) -> Iterator[tuple[Query, Person]]:
    """Pairs at fixed distances in the order of ids: no two of them by design of one person."""
    size = len(people)
    rounds = max(wanted // size, 1)
    for round_ in range(rounds):
        stride = 1 + size * (2 * round_ + 1) // (2 * rounds + 1)
        for place, person in enumerate(people):
            other = people[(place + stride) % size]
            if other.key != person.key:
                yield as_query(person), other
