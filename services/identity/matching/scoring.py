"""Evidence in bits: the model of Fellegi and Sunter (JASA 64, 1969), for any kind of record.

A *model* is an ordered list of fields, each with levels of agreement. The weight of a level is
log2(m / u): how much likelier it is between two records of one person (m) than between those of
two (u). Where a field knows how frequent the value is, u is that frequency, so that a rare name
weighs more than a common one. A value missing on either side is no evidence.

Weights are multiples of 1/16 bit: sums of them are exact in binary arithmetic, whatever the order
and the machine, so that a stored decision is re-scored to the very same figure. The version of a
table is the hash of its content.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

Q = TypeVar("Q")
P = TypeVar("P")

STEP = 16
"""Weights are rounded to 1/STEP of a bit."""
LEAST_BEARERS = 5
"""A value borne by fewer is in no table: what five people share identifies none of them."""
_DIGITS = 6
_HASH_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class FieldSpec(Generic[Q, P]):
    """One field of a model.

    Attributes:
        name: of the evidence.
        levels: every level that ``compare`` may give.
        compare: the level of two records, None when a side says nothing.
        value: the value whose frequency is the level's u, None where the level has one u for all.
        values: every value under which a record counts in the table of frequencies.
        one_value: levels at which the value is the same, written in one way or another: what its
            bearers share weighs alike at each of them.
        depends: all that the level depends on in the registered record, where many have it in
            common; None where they seldom do.
    """

    name: str
    levels: tuple[str, ...]
    compare: Callable[[Q, P], str | None]
    value: Callable[[P, str], str | None] | None = None
    values: Callable[[P], Iterable[str]] | None = None
    one_value: frozenset[str] = frozenset()
    depends: Callable[[P], Hashable] | None = None


@dataclass(frozen=True, slots=True)
class Model(Generic[Q, P]):
    """The fields of a comparison, in the order in which evidence is told."""

    name: str
    fields: tuple[FieldSpec[Q, P], ...]

    def levels(self, asked: Q, registered: P) -> Levels:
        """The level of each field, in order."""
        return tuple([spec.compare(asked, registered) for spec in self.fields])

    def comparer(self, asked: Q) -> Callable[[P], Levels]:
        """``levels`` for one question and many records: what they have in common is compared once."""
        compares = [
            spec.compare if spec.depends is None else _once(spec.compare, spec.depends)
            for spec in self.fields
        ]
        return lambda registered: tuple([compare(asked, registered) for compare in compares])


def _once(
    compare: Callable[[Q, P], str | None], depends: Callable[[P], Hashable]
) -> Callable[[Q, P], str | None]:
    """For one question: records alike in what the level depends on are compared once."""
    known: dict[Hashable, str | None] = {}

    def compared(asked: Q, registered: P) -> str | None:
        key = depends(registered)
        if key not in known:
            known[key] = compare(asked, registered)
        return known[key]

    return compared


Levels = tuple[str | None, ...]


class Evidence(NamedTuple):
    """One field's finding and its weight in bits."""

    field: str
    level: str
    weight: float


class Assessment(NamedTuple):
    """The evidence about one pair, and its sum in bits."""

    evidence: tuple[Evidence, ...]
    score: float

    def level(self, name: str) -> str | None:
        """The level found for a field, None when there was no evidence."""
        # Asked hundreds of times for one question.
        for field_, level, _ in self.evidence:
            if field_ == name:
                return level
        return None


@dataclass(frozen=True)
class Frequencies:
    """How common the values of a field are.

    Attributes:
        total: of the records counted.
        counts: bearers of each value that at least ``LEAST_BEARERS`` bear.
        rare: the expected share of people who bear a value that is in no table.
    """

    total: int
    counts: Mapping[str, float]
    rare: float

    def share(self, value: str) -> float:
        """The share of people who bear a value; never 0."""
        count = self.counts.get(value)
        return count / self.total if count is not None else self.rare


@dataclass(frozen=True)
class Lending:
    """Who shows a registered number, as learned from questions; see ``lending``.

    Attributes:
        share: of the questions that show one, those by a relative who is not registered.
        own, lent: by field and level, the shares when the holder shows it, and when such a
            relative does.
    """

    share: float
    own: Mapping[str, Mapping[str, float]]
    lent: Mapping[str, Mapping[str, float]]

    @cached_property
    def before(self) -> float:
        """Bits of odds for a borrower before anything else is told."""
        return in_bits(self.share, 1 - self.share)

    @cached_property
    def bits(self) -> dict[str, dict[str, float]]:
        """log2(lent / own) by field and level."""
        return {
            name: {level: in_bits(share, self.own[name][level]) for level, share in levels.items()}
            for name, levels in self.lent.items()
        }

    def content(self) -> dict[str, Any]:
        """As it stands in a table's text."""
        return {
            "share": self.share,
            "own": {name: dict(levels) for name, levels in self.own.items()},
            "lent": {name: dict(levels) for name, levels in self.lent.items()},
        }


@dataclass(frozen=True)
class Weights:
    """A table of weights, learned or agreed, that decides nothing but is asked by every decision.

    Attributes:
        model: name of the model whose fields and levels these are.
        m, u: by field and level.
        frequencies: by field.
        prior: bits for the belief, before any evidence, that this registered person is the one
            asked for (negative: he is one of many, and some who ask are not registered at all).
        kin: by field and level, the shares among two persons of one household; empty where a
            model knows no households.
        lending: who shows registered numbers; None until questions have taught it.
    """

    model: str
    m: Mapping[str, Mapping[str, float]]
    u: Mapping[str, Mapping[str, float]]
    prior: float
    frequencies: Mapping[str, Frequencies] = field(default_factory=dict)
    kin: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lending: Lending | None = None

    @cached_property
    def version(self) -> str:
        """Hash of the content."""
        digest = hashlib.sha256(_canonical(self._content()).encode()).hexdigest()
        return f"fs-{digest[:_HASH_CHARACTERS]}"

    @cached_property
    def bits(self) -> dict[str, dict[str, float]]:
        """log2(m / u) by field and level, without regard to the value."""
        return {
            name: {level: in_bits(levels[level], self.u[name][level]) for level in levels}
            for name, levels in self.m.items()
        }

    @cached_property
    def kin_bits(self) -> dict[str, dict[str, float]]:
        """log2(kin / m) by field and level: for a relative of the person rather than himself."""
        return {
            name: {level: in_bits(share, self.m[name][level]) for level, share in levels.items()}
            for name, levels in self.kin.items()
        }

    @cached_property
    def _of_values(self) -> dict[tuple[str, str, str | None], float]:
        """Weights worked out before, by field, level and value; None for one in no table."""
        return {}

    def weight(self, spec: FieldSpec[Any, P], level: str, registered: P) -> float:
        """The weight of a level found with this registered person."""
        table = self.frequencies.get(spec.name)
        if table is not None and spec.value is not None:
            value = spec.value(registered, level)
            if value is not None:
                key = (spec.name, level, value if value in table.counts else None)
                known = self._of_values.get(key)
                if known is None:
                    m = self.m[spec.name]
                    pooled = sum(m[each] for each in sorted(spec.one_value))
                    share = pooled if level in spec.one_value else m[level]
                    known = self._of_values[key] = in_bits(share, table.share(value))
                return known
        return self.bits[spec.name][level]

    def to_json(self) -> str:
        """The whole table with its version; the same table always gives the same text."""
        return _canonical({**self._content(), "version": self.version})

    @classmethod
    def from_json(cls, text: str) -> Weights:
        """Read a table again.

        Raises:
            WeightsAltered: the content is not what its version was made from.
        """
        content = json.loads(text)
        weights = cls(
            model=content["model"],
            m=content["m"],
            u=content["u"],
            prior=content["prior"],
            frequencies={
                name: Frequencies(table["total"], table["counts"], table["rare"])
                for name, table in content["frequencies"].items()
            },
            kin=content.get("kin", {}),
            lending=Lending(**content["lending"]) if "lending" in content else None,
        )
        if weights.version != content["version"]:
            raise WeightsAltered(content["version"], weights.version)
        return weights

    def _content(self) -> dict[str, Any]:
        kin = {"kin": {name: dict(levels) for name, levels in self.kin.items()}} if self.kin else {}
        lending = {"lending": self.lending.content()} if self.lending is not None else {}
        return {
            **kin,
            **lending,
            "model": self.model,
            "m": {name: dict(levels) for name, levels in self.m.items()},
            "u": {name: dict(levels) for name, levels in self.u.items()},
            "prior": self.prior,
            "frequencies": {
                name: {"total": table.total, "counts": dict(table.counts), "rare": table.rare}
                for name, table in self.frequencies.items()
            },
        }


class WeightsAltered(ValueError):
    """A stored table of weights is not the one its version names."""

    def __init__(self, told: str, found: str) -> None:
        super().__init__(f"the table says it is {told}, its content is {found}")


def in_bits(m: float, u: float) -> float:
    """log2(m / u) as a multiple of 1/16."""
    return round(math.log2(m / u) * STEP) / STEP


def rounded(probability: float) -> float:
    """A probability with as many digits as are kept: noise of the arithmetic is not."""
    return float(f"{probability:.{_DIGITS}g}")


def total(model: Model[Q, P], weights: Weights, levels: Levels, registered: P) -> float:
    """The score of levels already found: what ``score`` gives, without the list of evidence."""
    found = 0.0
    for spec, level in zip(model.fields, levels, strict=True):
        if level is not None:
            found += weights.weight(spec, level, registered)
    return found


def assess(model: Model[Q, P], weights: Weights, levels: Levels, registered: P) -> Assessment:
    """The evidence of levels already found."""
    evidence = []
    score = 0.0
    for spec, level in zip(model.fields, levels, strict=True):
        if level is not None:
            weight = weights.weight(spec, level, registered)
            evidence.append(Evidence(spec.name, level, weight))
            score += weight
    return Assessment(tuple(evidence), score)


def score(model: Model[Q, P], asked: Q, registered: P, weights: Weights) -> Assessment:
    """The evidence that two records are of one person, and its sum in bits."""
    return assess(model, weights, model.levels(asked, registered), registered)


def weigh_again(
    model: Model[Q, P], weights: Weights, found: Iterable[tuple[str, str]], registered: P
) -> Assessment:
    """The evidence of a kept decision under a kept table: its findings are not looked for again.

    Args:
        found: (field, level) as kept.

    Raises:
        KeyError: the table knows no such field or level.
    """
    specs = {spec.name: spec for spec in model.fields}
    evidence = tuple(
        Evidence(name, level, weights.weight(specs[name], level, registered))
        for name, level in found
    )
    return Assessment(evidence, sum(item.weight for item in evidence))


def count_values(
    spec: FieldSpec[Any, P], records: Iterable[P], *, least: int = LEAST_BEARERS
) -> Frequencies | None:
    """The table of a field's frequencies, None when the field has none or no record a value.

    A value in no table is given the share that values of its kind have on average, weighed by
    their bearers: who bears a rare name bears one that so many bear.
    """
    if spec.values is None:
        return None
    counts: dict[str, int] = {}
    records_counted = 0
    for record in records:
        values = set(spec.values(record))
        records_counted += bool(values)
        for value in values:
            counts[value] = counts.get(value, 0) + 1
    if not records_counted:
        return None
    rare = [count for count in counts.values() if count < least]
    bearers = sum(rare)
    mean = sum(count * count for count in rare) / bearers if bearers else 1.0
    return Frequencies(
        total=records_counted,
        counts={value: count for value, count in sorted(counts.items()) if count >= least},
        rare=rounded(mean / records_counted),
    )


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
