"""Splink's time for one question against a register, the way its manual has it.

``predict_between`` compares one new record with a table that is already loaded; the shares of
strangers are estimated before the clock starts. Only the time is told: the register here has no
second registrations from which it could learn the rest.
"""

from __future__ import annotations

import contextlib
import io
import logging
import random
import time
import warnings
from typing import Any

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from tests.bench.matching.county import County, build

SIZE = 100_000
QUESTIONS = 20
_RULES = (
    block_on("id_number"),
    block_on("birth_date", "surname"),
    block_on("name"),
)


def times_ms(size: int = SIZE) -> list[float]:
    """Sorted times of some questions about registered people, in milliseconds."""
    county = build(size)
    frame = pd.DataFrame(_rows(county))
    logging.getLogger("splink").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return _timed(frame)


def _rows(county: County) -> list[dict[str, Any]]:
    return [
        {
            "unique_id": one.person.person_id,
            "name": one.name,
            "surname": one.name[0],
            "birth_date": str(one.person.birth_date),
            "sex": one.person.sex,
            "village": one.person.village,
            "id_number": one.number,
        }
        for one in county.people
    ]


def _timed(frame: pd.DataFrame) -> list[float]:
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.DamerauLevenshteinAtThresholds("id_number", [1, 2]),
            cl.JaroWinklerAtThresholds("name", [0.9]),
            cl.DamerauLevenshteinAtThresholds("birth_date", [1]),
            cl.ExactMatch("sex"),
            cl.ExactMatch("village"),
        ],
        blocking_rules_to_generate_predictions=list(_RULES),
    )
    api = DuckDBAPI()
    register = api.register(frame)
    linker = Linker(register, settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    chance = random.Random(1)
    times = []
    for number in range(QUESTIONS):
        row = frame.iloc[[chance.randrange(len(frame))]].assign(unique_id=f"asked-{number}")
        began = time.perf_counter()
        found = linker.inference.predict_between(
            register, api.register(row), threshold_match_weight=-10, warning_mode="never"
        )
        assert len(found.as_record_list())
        times.append((time.perf_counter() - began) * 1_000)
    return sorted(times)
