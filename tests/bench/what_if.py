"""How fast a million visits are replayed, and that chosen persons come out as by the engine.

Run alone: ``python -m tests.bench.what_if``. The visits are made by chance with every kind of line
and visit, spread over 300,000 persons, most of whom come a few times.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import numpy as np

from services.claims.settlement.packs import load_pack
from services.claims.simulations.columns import Columns
from services.claims.simulations.moving import only
from services.claims.simulations.replay import replay
from tests.unit.claims.test_replay import Case, assert_same, by_chance, columns_of, one_by_one

DRAWN, COPIES, PERSONS, CHECKED = 20_000, 50, 300_000, 20_000


def many(cases: list[Case]) -> Columns:
    """The drawn visits many times over, each time of other persons."""
    base = columns_of(cases)
    count = base.visits * COPIES
    chance = np.random.default_rng(7)
    shift = np.repeat(np.arange(COPIES) * base.visits, len(base.line_visit))
    names = (
        "line_kind", "line_class", "line_item", "line_amount", "line_limit", "line_share",
    )  # fmt: skip
    return Columns(
        facts=base.facts,
        facts_of=np.tile(base.facts_of, COPIES),
        day=np.tile(base.day, COPIES),
        person=chance.integers(0, PERSONS, count).astype(np.int32),
        stated={payer: np.tile(told, COPIES) for payer, told in base.stated.items()},
        items=base.items,
        dispensings=base.dispensings,
        line_visit=(np.tile(base.line_visit, COPIES) + shift).astype(np.int32),
        **{name: np.tile(getattr(base, name), COPIES) for name in names},
    )


def main() -> None:
    cases = by_chance(1, DRAWN, 2016)
    columns, pack = many(cases), load_pack("jinkouhe-2016")
    began = time.perf_counter()
    found = replay(columns, pack)
    took_s = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    load = Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]
    print(
        f"{columns.visits:,} visits, {len(columns.line_visit):,} lines: {took_s:.1f} s,"
        f" columns {columns.nbytes / 1e6:.0f} MB, peak of the process {peak_mb:.0f} MB,"
        f" {found.by_hand} by the engine itself; load {load}"
    )
    chosen = np.random.default_rng(8).permutation(PERSONS)
    size = np.bincount(columns.person, minlength=PERSONS)[chosen].cumsum()
    persons = chosen[: int(np.searchsorted(size, CHECKED)) + 1]
    wanted = np.isin(columns.person, persons)
    places = np.flatnonzero(wanted)
    years = [(str(columns.person[at]), cases[at % DRAWN][1], cases[at % DRAWN][2]) for at in places]
    alone = replay(only(columns, wanted), pack)
    assert (alone.patient_pays == found.patient_pays[wanted]).all()
    assert_same(alone, one_by_one(years, pack))
    print(f"{len(places):,} visits of {len(persons):,} persons, each as by the engine: to the fen")


if __name__ == "__main__":
    main()
