"""``python -m tests.bench.matching.chinese``: precision and recall under the error model.

Each grade and subgroup over a made-up county, 20 % of the questions about people who are not on
the roster; the error budget of ``certain``; whether beliefs mean what they say.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace

from rich.console import Console
from rich.table import Table

from services.identity.matching.decision import decide
from services.identity.matching.index import Index
from services.identity.matching.lending import FIELDS, Shown, learn_lending
from services.identity.matching.model import AGREED_WEIGHTS, NUMBER
from services.identity.matching.numbers import NumberLevel
from services.identity.matching.scoring import Weights
from services.identity.matching.teaching import learn
from tests.bench.matching.county import UNKNOWABLE, County, ask, build, registered

CHUNK = 5_000
ASKED_BEFORE = 50_000
"""Questions from which the county has learned who borrows numbers; none of them is asked again."""
BINS = (0.0, 0.02, 0.5, 0.9, 0.97, 0.99, 0.999, 0.9999, 1.01)


@dataclass
class Counts:
    """What came out; adds up over chunks."""

    grades: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(grade, right | wrong person | stranger)"""
    groups: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """(subgroup, found with certain or probable) of registered people."""
    bins: Counter[tuple[int, bool]] = field(default_factory=Counter)
    believed: dict[int, float] = field(default_factory=dict)
    """By bin the sum of the beliefs."""
    examples: list[str] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        self.grades += other.grades
        self.groups += other.groups
        self.bins += other.bins
        for place, belief in other.believed.items():
            self.believed[place] = self.believed.get(place, 0.0) + belief
        self.examples += other.examples


_shared: tuple[County, Index, Weights] | None = None


def _chunk(seed: int) -> Counts:
    assert _shared is not None
    county, index, weights = _shared
    chance = random.Random(seed)
    counts = Counts()
    for _ in range(CHUNK):
        asked = ask(county, chance)
        found = decide(asked.query, index, weights)
        told = found.person_id
        if asked.person_id is None:
            outcome = "stranger"
        else:
            proposed = told or (found.best.person.person_id if found.best else None)
            outcome = "right" if proposed == asked.person_id else "wrong person"
            reached = told == asked.person_id
            everybody = () if UNKNOWABLE in asked.groups else ("everybody knowable",)
            for group in (*asked.groups, *everybody):
                counts.groups[group, reached] += 1
            if UNKNOWABLE in asked.groups and outcome == "wrong person":
                outcome = UNKNOWABLE
        counts.grades[found.grade, outcome] += 1
        if found.best is not None:
            place = max(n for n, edge in enumerate(BINS) if found.best.belief >= edge)
            counts.bins[place, found.best.person.person_id == asked.person_id] += 1
            counts.believed[place] = counts.believed.get(place, 0.0) + found.best.belief
        if told is not None and told != asked.person_id and len(counts.examples) < 3:
            counts.examples.append(
                f"{found.grade}: {','.join(sorted(asked.groups))} {found.reasons}"
            )
    return counts


def taught(county: County, index: Index, weights: Weights) -> Weights:
    """The weights after questions asked before: what they showed, not whom they were about."""
    chance = random.Random("asked before")
    shown: Counter[Shown] = Counter()
    for _ in range(ASKED_BEFORE):
        best = decide(ask(county, chance).query, index, weights).best
        if best is not None and best.level(NUMBER) == NumberLevel.EXACT:
            shown[tuple(map(best.level, FIELDS))] += 1
    return replace(weights, lending=learn_lending(shown, weights))


def main() -> None:
    """Build, learn, ask, tell."""
    global _shared  # noqa: PLW0603 - the children of the fork read it
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--people", type=int, default=100_000)
    arguments.add_argument("--queries", type=int, default=1_000_000)
    given = arguments.parse_args()
    console = Console()
    started = time.monotonic()
    county = build(given.people)
    people = registered(county)
    index = Index(people)
    weights = taught(county, index, learn(people) or AGREED_WEIGHTS)
    _shared = (county, index, weights)
    console.print(
        f"{len(people):,} people, weights {weights.version}, {time.monotonic() - started:.0f} s"
    )
    if weights.lending is not None:
        console.print(f"numbers lent to the unregistered, as learned: {weights.lending.share:.4f}")
    counts = Counts()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        seeds = range(max(given.queries // CHUNK, 1))
        for done, each in enumerate(pool.imap_unordered(_chunk, seeds), start=1):
            counts.add(each)
            if done % 20 == 0:
                console.print(
                    f"[dim]{done * CHUNK:,} questions, {time.monotonic() - started:.0f} s[/]"
                )
    _tell(console, counts)


def _tell(console: Console, counts: Counts) -> None:
    asked = sum(counts.grades.values())
    grades = Table(
        "grade",
        "right",
        "wrong person",
        "stranger",
        UNKNOWABLE,
        "precision",
        title=f"{asked:,} questions",
    )
    for grade in ("certain", "probable", "possible", "none"):
        right, wrong, stranger, unknowable = (
            counts.grades[grade, outcome]
            for outcome in ("right", "wrong person", "stranger", UNKNOWABLE)
        )
        told = right + wrong + stranger
        precision = f"{right / told:.6f}" if told and grade != "none" else ""
        grades.add_row(
            grade, f"{right:,}", f"{wrong:,}", f"{stranger:,}", f"{unknowable:,}", precision
        )
    console.print(grades)
    groups = Table("subgroup (registered)", "asked", "recall certain+probable")
    for group in sorted({name for name, _ in counts.groups}):
        hit, missed = counts.groups[group, True], counts.groups[group, False]
        groups.add_row(group, f"{hit + missed:,}", f"{hit / (hit + missed):.4f}")
    console.print(groups)
    bins = Table(
        "belief in the best from", "questions", "mean belief", "is he", title="calibration"
    )
    apart = 0.0
    for place, edge in enumerate(BINS[:-1]):
        right, wrong = counts.bins[place, True], counts.bins[place, False]
        if right + wrong:
            told = right + wrong
            mean, true = counts.believed[place] / told, right / told
            apart += abs(mean - true) * told
            bins.add_row(f"{edge}", f"{told:,}", f"{mean:.4f}", f"{true:.4f}")
    console.print(bins)
    answered = sum(counts.bins.values())
    console.print(f"beliefs and outcomes are {apart / answered:.4f} apart on average")
    false_certain = counts.grades["certain", "wrong person"] + counts.grades["certain", "stranger"]
    besides = counts.grades["certain", UNKNOWABLE]
    console.print(
        f"certain and false: {false_certain} = {false_certain / asked * 100_000:.2f} in 100,000"
        f" questions; besides {besides} by a relative's number alone"
    )
    for example in sorted(set(counts.examples))[:12]:
        console.print(f"[dim]{example}[/]")


if __name__ == "__main__":
    main()
